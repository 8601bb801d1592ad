"""What documents refer to outside the catalog: their files, and stored values by their key."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, select

from kb.catalog import containers
from kb.catalog.arrays import among
from kb.catalog.tables import documents
from kb.types.stored import StoredDocument


def used(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of these keys that a document refers to."""
    found: set[str] = set()
    for column in (documents.c.blob, documents.c.content_hash, documents.c.pending):
        found |= set(connection.scalars(select(column).where(among(column, keys))))
    return found


def published(connection: Connection) -> list[StoredDocument]:
    """Every document that has a version."""
    return _where(connection, documents.c.version.is_not(None))


def with_members(connection: Connection, document_ids: Sequence[int]) -> list[StoredDocument]:
    """Documents and all that came out of them."""
    every = containers.with_members(connection, document_ids)
    return _where(connection, among(documents.c.id, every))


def _where(connection: Connection, condition: ColumnElement[bool]) -> list[StoredDocument]:
    query = select(
        documents.c.id,
        documents.c.source_id,
        documents.c.parent_id,
        documents.c.raw_path,
        documents.c.path,
        documents.c.blob,
        documents.c.content_hash,
        documents.c.pending,
    ).where(condition)
    return [StoredDocument(*row) for row in connection.execute(query.order_by(documents.c.id))]
