"""What came out of mails and archives: documents with a parent."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from kb.catalog.arrays import among
from kb.catalog.tables import documents


def children(connection: Connection, document_id: int) -> list[Row[Any]]:
    """The members of a container, at every depth."""
    found: list[Row[Any]] = []
    parents = [document_id]
    while parents:
        rows = connection.execute(
            select(documents).where(among(documents.c.parent_id, parents))
        ).all()
        found += rows
        parents = [r.id for r in rows]
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
