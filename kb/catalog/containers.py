"""What came out of mails and archives: documents with a parent."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from kb.catalog.arrays import among
from kb.catalog.entries import entries
from kb.catalog.tables import documents
from kb.types.files import LedgerEntry


def children(connection: Connection, document_id: int) -> list[LedgerEntry]:
    """The members of a container, at every depth."""
    found: list[LedgerEntry] = []
    parents = [document_id]
    while parents:
        inside = entries(connection, among(documents.c.parent_id, parents))
        found += inside
        parents = [entry.id for entry in inside]
    return found


def members_of(connection: Connection, document_ids: Sequence[int]) -> list[int]:
    """The members of containers, at every depth."""
    found: list[int] = []
    parents = list(document_ids)
    while parents:
        query = select(documents.c.id).where(among(documents.c.parent_id, parents))
        parents = list(connection.scalars(query))
        found += parents
    return found


def with_members(connection: Connection, document_ids: Sequence[int]) -> set[int]:
    """Documents and all that is in them."""
    return {*document_ids, *members_of(connection, document_ids)}


def direct_children(connection: Connection, document_id: int) -> list[int]:
    """The members of a container, without their own."""
    query = select(documents.c.id).where(documents.c.parent_id == document_id)
    return list(connection.scalars(query))
