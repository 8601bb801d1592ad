"""Versions that leave: their passages when they are swept, their entry later, or all at once."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, delete, or_, select, update

from kb.catalog import phrases
from kb.catalog.arrays import among
from kb.catalog.database import now
from kb.catalog.tables import chunks, versions
from kb.catalog.versions import ABANDONED, RETIRED, SWEPT

PART = 200
"""Versions that are swept together."""


def sweepable(connection: Connection, grace_seconds: float) -> dict[int, int]:
    """Versions whose points nobody can be reading any more, by number: how many points each has.

    They retired longer ago than ``grace_seconds``. The oldest come first, ``PART`` at a time.
    """
    query = (
        select(versions.c.number, versions.c.points)
        .where(
            or_(
                versions.c.state == ABANDONED,
                and_(versions.c.state == RETIRED, versions.c.retired_at < now() - grace_seconds),
            )
        )
        .order_by(versions.c.number)
        .limit(PART)
    )
    return dict(connection.execute(query).tuples().all())


def swept(connection: Connection, numbers: Sequence[int]) -> None:
    """Note that the points of these versions have left the index, and forget their passages.

    One that is being tried or is current is not touched, whoever asks.
    """
    given_up = versions.c.state.in_((ABANDONED, RETIRED))
    gone = list(
        connection.scalars(
            update(versions)
            .where(among(versions.c.number, numbers), given_up)
            .values(state=SWEPT, points=0)
            .returning(versions.c.number)
        )
    )
    forget_passages(connection, gone)


def forget_passages(connection: Connection, numbers: Sequence[int]) -> None:
    """Delete the passages of versions, with their words."""
    phrases.forget(connection, numbers)
    connection.execute(delete(chunks).where(among(chunks.c.version, numbers)))


def expire(connection: Connection, before: float) -> int:
    """Delete the entries of histories that ended ``before`` (Unix seconds); returns how many.

    The current version of a document is never one of them.
    """
    old = and_(versions.c.state == SWEPT, versions.c.finished_at < before)
    return connection.execute(delete(versions).where(old)).rowcount


def erase(connection: Connection, numbers: Sequence[int]) -> None:
    """Delete versions with their passages."""
    forget_passages(connection, numbers)
    connection.execute(delete(versions).where(among(versions.c.number, numbers)))
