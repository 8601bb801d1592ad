"""What evaluations hold of documents goes with the documents, when those are erased.

A kept workplace over a folder is a knowledge base of its own, with the words of what lay there; the
next evaluation makes it anew. What was answered in earlier evaluations may repeat such words.
"""

import shutil
from pathlib import Path

from kb.catalog import evaluations
from kb.catalog.database import Catalog
from kb.errors import RetryableError

TEXTS = "texts"
"""A workplace with this folder is one over a collection of texts, none of them a document."""


def forget_documents(catalog: Catalog, workplaces: Path) -> None:
    """Delete workplaces over folders, and the answers of earlier evaluations; figures stay.

    Raises:
        RetryableError: a workplace cannot be deleted.
    """
    try:
        for place in sorted(workplaces.iterdir()) if workplaces.is_dir() else ():
            if not (place / TEXTS).is_dir():
                shutil.rmtree(place)
    except OSError as error:
        raise RetryableError(
            f"{error.filename} may hold what is to be erased, and cannot be deleted: "
            f"{error.strerror}. Wait for a running kb eval, look at the permissions, try again.",
            code="workplace_stays",
            detail={"path": str(error.filename)},
        ) from error
    with catalog.writing() as connection:
        evaluations.forget_answers(connection)
