"""Members of containers that are due: their bytes wait among the blobs until they are read."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from kb.catalog import containers
from kb.catalog import documents as documents_catalog
from kb.catalog.tables import documents
from kb.types.parsed import State


@dataclass(frozen=True, slots=True)
class Due:
    """A member to be read; ``depth`` is how many containers it is in, ``size`` is in bytes."""

    document_id: int
    path: str
    depth: int
    content_hash: str
    size: int


def expect(connection: Connection, hashes: Mapping[int, str]) -> None:
    """These members are about to be read, from blobs of these hashes."""
    documents_catalog.expect(connection, list(hashes))
    for document_id, content_hash in hashes.items():
        connection.execute(
            update(documents).where(documents.c.id == document_id).values(pending=content_hash)
        )


def due(connection: Connection, source_id: int, busy: Container[int]) -> list[Due]:
    """Members that a run before this one left, but for those that a file in ``busy`` holds.

    A member of a container that is due itself comes out of it again.
    """
    rows = connection.execute(
        select(documents)
        .where(documents.c.source_id == source_id, documents.c.pending.is_not(None))
        .order_by(documents.c.due_at, documents.c.id)
    ).all()
    known = {row.id: row for row in rows}
    found = []
    for row in rows:
        above = _above(connection, row, known)
        if not any(a.id in busy or a.pending is not None for a in above):
            found.append(Due(row.id, row.path, len(above), row.pending, row.bytes))
    return found


def due_beneath(connection: Connection, document_id: int) -> list[Due]:
    """Members that are due of a container that proved unchanged itself."""
    row = documents_catalog.by_id(connection, document_id)
    if row is None:
        return []
    inside = containers.children(connection, document_id)
    known = {child.id: child for child in inside} | {document_id: row}
    found = []
    for child in inside:
        above = _above(connection, child, known)
        if child.pending is not None and all(a.pending is None for a in above):
            found.append(Due(child.id, child.path, len(above), child.pending, child.bytes))
    return found


def reread_what_lost_its_bytes(connection: Connection) -> int:
    """Members that wait although no blob holds their bytes: what they came out of is read again.

    So it is in a catalog of a release that kept them in memory. Returns how many.
    """
    query = select(documents.c.id).where(
        documents.c.state == State.WAITING,
        documents.c.parent_id.is_not(None),
        documents.c.pending.is_(None),
    )
    lost = list(connection.scalars(query))
    documents_catalog.try_again(connection, lost)
    documents_catalog.expect(connection, lost)
    return len(lost)


def again_where(
    connection: Connection, source_id: int, has_more: Callable[[Row[Any]], bool]
) -> None:
    """Have members read anew of which more can be read by now, with what they came out of.

    What they came out of may be as it was: a mail needs no tool that its attachment needs.
    """
    lacking = or_(documents.c.used.is_not(None), documents.c.code == "needs_libreoffice")
    query = select(documents.c.id, documents.c.code, documents.c.bytes, documents.c.used).where(
        documents.c.source_id == source_id,
        documents.c.parent_id.is_not(None),
        documents.c.settings.is_not(None),
        lacking,
    )
    again = [row.id for row in connection.execute(query) if has_more(row)]
    documents_catalog.try_again(connection, again)


def _above(connection: Connection, row: Row[Any], known: dict[int, Row[Any]]) -> list[Row[Any]]:
    """The containers that a member is in, the innermost first."""
    above: list[Row[Any]] = []
    while row.parent_id is not None:
        parent = known.get(row.parent_id) or documents_catalog.by_id(connection, row.parent_id)
        if parent is None:
            return above
        known[parent.id] = row = parent
        above.append(parent)
    return above
