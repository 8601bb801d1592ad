"""What documents say of themselves, to be compared with what is there."""

from sqlalchemy import Connection, select

from kb.catalog.tables import documents, rights_outbox, versions
from kb.types.parsed import State


def passages(connection: Connection) -> dict[int, int]:
    """How many passages each document with a version has, as it or the version says (the more)."""
    query = (
        select(documents.c.id, documents.c.chunks, versions.c.points)
        .outerjoin(versions, versions.c.number == documents.c.version)
        .where(documents.c.version.is_not(None))
    )
    return {
        number: max(count, points or 0)
        for number, count, points in connection.execute(query).tuples()
    }


def waiting(connection: Connection) -> dict[int, int]:
    """Files that wait to be read, by document, each with its source."""
    query = select(documents.c.id, documents.c.source_id).where(documents.c.state == State.WAITING)
    return dict(connection.execute(query).tuples().all())


def pending_rights(connection: Connection) -> set[int]:
    """Documents whose readers in the index may be behind the catalog's."""
    return set(connection.scalars(select(rights_outbox.c.document_id)))
