"""Counters of failed attempts to sign in; what counts together is decided by ``kb.accounts``."""

from sqlalchemy import Connection, delete, update

from kb.catalog.database import now, row_to_change
from kb.catalog.tables import failures

KEPT_SECONDS = 86400.0
"""A counter that nothing was added to for so long is forgotten."""


def held(connection: Connection, key: str) -> tuple[float, float]:
    """How many failures are counted, and when the last was. Within a writing transaction.

    The row is held until its end: attempts at one time are counted one after the other.
    """
    none = {"key": key, "count": 0.0, "last_at": 0.0}
    _, count, last_at = row_to_change(connection, failures, "key", none)
    return float(count), float(last_at)


def count(connection: Connection, key: str, number: float, at: float) -> None:
    """Set a counter to this number, counted up to this time."""
    query = update(failures).where(failures.c.key == key)
    connection.execute(query.values(count=number, last_at=at))


def clear_up(connection: Connection) -> None:
    """Forget counters that have stood still for long."""
    connection.execute(delete(failures).where(failures.c.last_at < now() - KEPT_SECONDS))
