"""Rewriting the catalog's files, so that nothing that was deleted is left in them.

A database marks what is deleted as free, and moves rows within its pages: old bytes stay there
until something is written over them. SQLite's VACUUM and PostgreSQL's VACUUM FULL write every table
into new pages, and the old ones are gone from the files.
"""

import time
from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text

from kb.catalog.tables import metadata
from kb.errors import RetryableError

WAIT_SECONDS = 120.0
"""For how long others may hold the log, or a table."""
STEP_SECONDS = 0.2
"""Seconds between two tries while somebody reads the catalog."""
WORDS = "passage_words"
STATISTICS = "pg_catalog.pg_statistic"
"""PostgreSQL's samples of what stands in columns."""
ROLE = text(
    "SELECT r.rolsuper, d.datdba = r.oid FROM pg_roles r, pg_database d "
    "WHERE r.rolname = current_user AND d.datname = current_database()"
)
"""Whether the account is a superuser, and whether the database is its own."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What was done, and what is left.

    ``free_pages`` and ``log_bytes`` are SQLite's, and are zero then. ``refused`` are the parts of
    PostgreSQL that this account may not rewrite.
    """

    database: str
    tables: int
    free_pages: int = 0
    log_bytes: int = 0
    refused: tuple[str, ...] = ()


def rewrite(connection: Connection) -> Rewritten:
    """Rewrite every table of ours, outside of any transaction.

    Raises:
        RetryableError: others hold what has to be rewritten for too long.
    """
    if connection.dialect.name == "sqlite":
        return _sqlite(connection)
    return _postgresql(connection.execution_options(isolation_level="AUTOCOMMIT"))


def _sqlite(connection: Connection) -> Rewritten:
    connection.exec_driver_sql("ROLLBACK")  # the transaction that every connection begins with
    connection.exec_driver_sql("VACUUM")
    until = time.monotonic() + WAIT_SECONDS
    while True:
        busy, pages, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if not busy:
            break
        if time.monotonic() > until:
            raise _held("somebody reads the catalog all the time")
        time.sleep(STEP_SECONDS)
    free = int(connection.exec_driver_sql("PRAGMA freelist_count").scalar_one())
    return Rewritten("sqlite", len(metadata.tables) + 1, free, max(0, int(pages)))


def _postgresql(connection: Connection) -> Rewritten:
    there = set(inspect(connection).get_table_names())
    mine = sorted({*metadata.tables, WORDS} & there)
    connection.execute(text(f"SET lock_timeout = '{int(WAIT_SECONDS)}s'"))
    try:
        for name in mine:
            connection.execute(text(f'VACUUM (FULL, ANALYZE) "{name}"'))
        refused = [what for what, done in _of_the_server(connection) if not done]
    finally:
        connection.execute(text("SET lock_timeout = DEFAULT"))
    return Rewritten("postgresql", len(mine), refused=tuple(refused))


def _of_the_server(connection: Connection) -> list[tuple[str, bool]]:
    """What only the database's owner, or a superuser, may do; and whether it was done."""
    is_super, is_owner = connection.execute(ROLE).one()
    if is_super or is_owner:
        connection.execute(text(f"VACUUM (FULL) {STATISTICS}"))
    if is_super:
        for one in ("SELECT pg_switch_wal()", "CHECKPOINT"):
            connection.execute(text(one))
    return [(STATISTICS, is_super or is_owner), ("checkpoint", is_super)]


def _held(why: str) -> RetryableError:
    return RetryableError(
        f"The catalog cannot be rewritten: {why}. Do the same again, it goes on from there.",
        code="catalog_held",
    )
