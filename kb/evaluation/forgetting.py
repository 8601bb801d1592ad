"""What evaluations hold of documents goes with the documents, when those are erased.

A kept workplace over a folder is a knowledge base of its own, with the words of what lay there; the
next evaluation makes it anew. What was answered in earlier evaluations may repeat such words.
"""

import shutil
from pathlib import Path

from sqlalchemy import update

from kb.catalog.database import Catalog
from kb.catalog.tables import evaluation_questions

TEXTS = "texts"
"""A workplace with this folder is one over a collection of texts, none of them a document."""


def forget_documents(catalog: Catalog, workplaces: Path) -> None:
    """Delete workplaces over folders, and the answers of earlier evaluations; figures stay.

    Raises:
        OSError: a workplace cannot be deleted.
    """
    if workplaces.is_dir():
        for place in sorted(workplaces.iterdir()):
            if not (place / TEXTS).is_dir():
                shutil.rmtree(place)
    with catalog.writing() as connection:
        connection.execute(
            update(evaluation_questions).where(evaluation_questions.c.got != "").values(got="")
        )
