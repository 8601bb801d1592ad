"""Rounds: work that is done every so often by one process, whichever it is."""

from sqlalchemy import Connection, update

from kb.catalog.database import insert_ignoring, now
from kb.catalog.tables import counters


def begin(connection: Connection, name: str, every_seconds: float) -> bool:
    """Begin a round where the last began longer ago than this; whether it was begun."""
    at = int(now())
    insert_ignoring(connection, counters, [{"name": name, "value": 0}])
    due = update(counters).where(counters.c.name == name, counters.c.value < at - every_seconds)
    return connection.execute(due.values(value=at)).rowcount > 0
