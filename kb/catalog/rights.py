"""Rights as a condition of the catalog, for every query that gives a document to somebody."""

from typing import Any

from sqlalchemy import select

from kb.catalog.tables import documents, source_readers
from kb.types import Principal


def readable(principal: Principal) -> Any:
    """The condition that a principal may read a document, by the rights of this moment."""
    return (
        select(source_readers.c.source_id)
        .where(
            source_readers.c.source_id == documents.c.source_id,
            source_readers.c.token.in_(sorted(principal.tokens)),
        )
        .exists()
    )
