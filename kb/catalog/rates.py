"""How much each person and address may ask for at this moment, across every web process.

PostgreSQL's alone: its clock counts, so that hosts whose clocks differ count as one.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from kb.catalog.tables import rates

MINUTE = 60.0
"""Seconds of a minute."""
KEPT_SECONDS = 2 * MINUTE
"""Seconds after which a bucket that nobody took from is forgotten: it is full by then."""
NOW = func.date_part("epoch", func.clock_timestamp())


def take(connection: Connection, a_minute: Mapping[str, float]) -> dict[str, float]:
    """Take one token from each of some buckets; returns what is left, below 0 where none was.

    ``a_minute``: by key, how many tokens a bucket holds and gets in a minute. Keys are locked in
    the order in which they are given.
    """
    rows = [{"key": key, "tokens": most - 1, "at": NOW} for key, most in a_minute.items()]
    new = insert(rates).values(rows)
    most = new.excluded.tokens + 1
    passed = func.greatest(new.excluded.at - rates.c.at, 0.0)
    filled = func.least(most, func.greatest(rates.c.tokens, 0.0) + passed * most / MINUTE)
    later = func.greatest(new.excluded.at, rates.c.at)
    taken = new.on_conflict_do_update(
        index_elements=["key"], set_={"tokens": filled - 1, "at": later}
    ).returning(rates.c.key, rates.c.tokens)
    return {row.key: float(row.tokens) for row in connection.execute(taken)}


def wait_no_longer_than(connection: Connection, milliseconds: int) -> None:
    """Give up a statement of this transaction that waits for somebody's lock for so long."""
    connection.execute(text(f"SET LOCAL lock_timeout = {milliseconds:d}"))


def clear_up(connection: Connection) -> None:
    """Forget buckets that are full; those that somebody takes from just now are passed over."""
    full = select(rates.c.key).where(rates.c.at < NOW - KEPT_SECONDS)
    unheld = full.with_for_update(skip_locked=True).subquery()
    connection.execute(delete(rates).where(rates.c.key.in_(select(unheld.c.key))))
