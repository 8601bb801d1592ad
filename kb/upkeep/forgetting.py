"""Forgetting: when documents are erased, what evaluations keep of them goes too.

An evaluation over a folder keeps its workplace, a knowledge base of its own with the words of what
lay in the folder; the next evaluation makes a new one. And the answers that are kept of earlier
evaluations may repeat words of a document.
"""

import shutil
from pathlib import Path

from kb.catalog import evaluations
from kb.catalog.database import Catalog
from kb.errors import RetryableError

TEXTS = "texts"
"""Folder in workplaces over a collection of texts: none of those texts is a document."""


def forget_documents(catalog: Catalog, workplaces: Path) -> None:
    """Delete workplaces over folders, and the answers of earlier evaluations. Figures stay.

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
