"""What documents refer to outside the catalog: their files, and stored values by their key."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, or_, select

from kb.catalog import containers
from kb.catalog.arrays import among
from kb.catalog.entries import entries
from kb.catalog.tables import documents
from kb.types.files import LedgerEntry


def used(connection: Connection, keys: Collection[str]) -> set[str]:
    """Which of some keys a document refers to."""
    found: set[str] = set()
    for column in (documents.c.blob, documents.c.content_hash, documents.c.pending):
        found |= set(connection.scalars(select(column).where(among(column, keys))))
    return found


def owners(connection: Connection, key: str) -> set[int]:
    """The documents that refer to a stored value."""
    mine = or_(
        *(c == key for c in (documents.c.blob, documents.c.content_hash, documents.c.pending))
    )
    return set(connection.scalars(select(documents.c.id).where(mine)))


def published(connection: Connection) -> list[LedgerEntry]:
    """Every document that has a version."""
    return entries(connection, documents.c.version.is_not(None))


def with_members(connection: Connection, document_ids: Sequence[int]) -> list[LedgerEntry]:
    """Documents and all that came out of them."""
    every = containers.with_members(connection, document_ids)
    return entries(connection, among(documents.c.id, every))
