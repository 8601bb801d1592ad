"""Dates that follow another: a member's its container's, a file's that says none its time."""

from sqlalchemy import Connection, or_, select, update

from kb.catalog.database import now
from kb.catalog.tables import documents
from kb.text import moments
from kb.text.periods import DAY

CONTAINER, FILE = "container", "file"
"""Where the date of a document is from that has none itself."""


def of_members(connection: Connection, document_id: int) -> None:
    """What does not say itself when it is from is as old as what it came out of."""
    container = documents.alias("container")
    silent = or_(documents.c.dated_ns.is_(None), documents.c.date_source == CONTAINER)
    dated = select(container.c.dated_ns).where(container.c.id == documents.c.parent_id)
    exact = select(container.c.date_precision).where(container.c.id == documents.c.parent_id)
    concerned = or_(documents.c.id == document_id, documents.c.parent_id == document_id)
    connection.execute(
        update(documents)
        .where(concerned, documents.c.parent_id.is_not(None), silent)
        .values(
            dated_ns=dated.scalar_subquery(),
            date_precision=exact.scalar_subquery(),
            date_source=CONTAINER,
        )
    )


def of_file(connection: Connection, document_id: int, mtime_ns: int) -> None:
    """A file whose time moved, and which says nothing else, is from then; so are its members."""
    moment = mtime_ns / 1e9
    can_be = moments.is_believed(moment, now()) and moments.is_set(moment)
    said = {"dated_ns": mtime_ns, "date_source": FILE, "date_precision": DAY}
    silent = or_(documents.c.date_source == FILE, documents.c.date_source.is_(None))
    connection.execute(
        update(documents)
        .where(documents.c.id == document_id, documents.c.parent_id.is_(None), silent)
        .values(said if can_be else dict.fromkeys(said))
    )
    of_members(connection, document_id)
