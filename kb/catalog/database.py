"""The catalog as a database: it is opened, migrated, read and written here."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, Row, create_engine, event, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.pool import ConnectionPoolEntry

from kb.catalog import guarding, migrating, rewriting
from kb.catalog.acls import BOOK, RuleBook
from kb.catalog.failures import UNAVAILABLE, code_of, damaged, is_damage, translate_on
from kb.catalog.migrating import Before
from kb.catalog.rewriting import Rewritten
from kb.catalog.tables import counters, generations
from kb.errors import ConfigurationError, RetryableError
from kb.settings import Settings
from kb.shares import Share

__all__ = [
    "Catalog", "Connection", "current_seq", "engine_of", "hold_seq", "insert_ignoring", "next_seq",
    "now", "open_as_it_is", "open_catalog", "row_to_change", "schema_of", "told",
]  # fmt: skip
RESTORING = "restoring.json"
"""Mark in a data directory into which a backup is being restored."""
T = TypeVar("T")
P = ParamSpec("P")
_SEQ = select(counters.c.value).where(counters.c.name == "seq")
_LIVE = select(generations.c.description).where(generations.c.state == "live")

READERS, READERS_EACH = 8, 5
"""Threads that read for people side by side, and how many of them one person may have."""
WRITERS, WRITERS_EACH = 4, 2
"""Threads that write, and how many of them one person may have."""
DOORKEEPERS = 8
"""Threads that find out who asks: what readers do holds up nobody at the door."""


class Catalog:
    """A pool of connections, with threads to use them on.

    :meth:`reading` and :meth:`writing` give a transaction. Neither is used on an event loop's
    thread: there :meth:`read` and :meth:`write` are awaited, which run a call on another thread.

    ``described`` is the description of the generation of the index that was live when the catalog
    was opened; None: there was none.
    """

    def __init__(self, engine: Engine, described: dict[str, Any] | None = None) -> None:
        self._engine = engine
        self.described = described
        self._for_reading: dict[str, Any] = {BOOK: RuleBook()}
        if engine.dialect.name == "postgresql":  # SQLite's readers have a snapshot in any case
            self._for_reading |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        unavailable = "catalog_unavailable"
        self._readers = Share("reading", READERS, READERS_EACH, code=unavailable)
        self._doorkeepers = Share("visitors", DOORKEEPERS, DOORKEEPERS, code=unavailable)
        self._writers = Share("writing", WRITERS, WRITERS_EACH, code=unavailable, seconds=90.0)

    async def read(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run a call that only reads the catalog, on a thread.

        So neither a full disk nor another writer that holds the catalog stops anybody here.

        Raises:
            RetryableError: the catalog does not answer, or too many wait for it.
        """
        reading = partial(call, *arguments, **named)
        return await self._readers.run(guarding.only_reading, reading)

    async def look_up(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Find out who asks, on a thread of its own kind: reads only, raises as :meth:`read`."""
        looking = partial(call, *arguments, **named)
        return await self._doorkeepers.run(guarding.only_reading, looking)

    async def write(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run a call that writes the catalog, on a thread; raises as :meth:`read`."""
        return await self._writers.run(call, *arguments, **named)

    async def look(self) -> None:
        """See that the catalog answers; raises as :meth:`read`."""
        await self.read(self._look)

    def _look(self) -> None:
        with self.reading():
            pass

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one consistent snapshot, and writes nothing.

        Raises errors of ours, translated in :mod:`kb.catalog.failures`; so does :meth:`writing`.
        """
        guarding.check(writing=False)
        with _connected(self._engine) as connection:
            reader = connection.execution_options(**self._for_reading)
            with reader.begin():
                yield reader

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: all of it stands, or nothing. Writers wait for each other."""
        guarding.check(writing=True)
        with _connected(self._engine) as connection:
            writer = connection.execution_options(writing=True)
            with writer.begin():
                yield writer

    def compact(self) -> None:
        """Let what was deleted leave SQLite's files too: its log is written back and emptied."""
        guarding.check(writing=True)
        if self._engine.dialect.name == "sqlite":
            with _connected(self._engine) as connection:
                connection.exec_driver_sql("ROLLBACK")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def rewrite(self) -> Rewritten:
        """Write every table anew: what was deleted is in no page of the database any more.

        Writers wait meanwhile. Others who read hold the old log, and are waited for.

        Raises:
            RetryableError: somebody reads or writes for too long, or the disk is full.
        """
        guarding.check(writing=True)
        with _connected(self._engine) as connection:
            return rewriting.rewrite(connection)

    def close(self) -> None:
        """Close every connection."""
        self._readers.close()
        self._doorkeepers.close()
        self._writers.close()
        self._engine.dispose()


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    """A connection of the pool; who waits for one longer than 30 s is told to come again."""
    try:
        connection = engine.connect()
    except NoConnectionLeft as error:
        raise RetryableError(
            "The catalog cannot be used right now: too many use it at once.", code=UNAVAILABLE
        ) from error
    with connection:
        yield connection


def open_catalog(settings: Settings, before: Before | None = None) -> Catalog:
    """Open the catalog; it is made, or migrated, first where it has to be.

    ``before`` is called with the schema of an older catalog that is about to be migrated.

    Raises:
        ConfigurationError: it cannot be opened.
        DamagedError: its files are damaged.
        KbError: a newer release has written it.
    """
    _check_whole(settings)
    engine = engine_of(settings)
    try:
        with told(engine):
            migrating.migrate(engine, before)
            with engine.connect() as connection:
                described = connection.scalar(_LIVE)
    except BaseException:
        engine.dispose()
        raise
    translate_on(engine)
    return Catalog(engine, described)


def _check_whole(settings: Settings) -> None:
    """Check that no restore has ended half way; the catalog is the last that one brings."""
    mark = settings.data / RESTORING
    if mark.exists() and b'"stage":"data"' in mark.read_bytes():
        raise ConfigurationError(
            f"A backup is being restored into {settings.data}, and that has not ended. Go on with "
            "the same command: kb restore FOLDER",
            code="restoring",
        )


def open_as_it_is(settings: Settings) -> Catalog:
    """Open a catalog of any schema that this release knows, to read it; nothing is migrated.

    Raises as :func:`open_catalog`.
    """
    engine = engine_of(settings)
    with told(engine), engine.connect() as connection:
        migrating.check_known(migrating.schema_of(connection))
    translate_on(engine)
    return Catalog(engine)


def schema_of(settings: Settings) -> str | None:
    """The schema of the catalog that these settings name; None: there is none yet.

    Raises as :func:`open_catalog`.
    """
    if not settings.catalog.url and not (settings.data / "catalog.sqlite3").exists():
        return None
    engine = engine_of(settings)
    try:
        with told(engine), engine.connect() as connection:
            found = migrating.schema_of(connection)
            migrating.check_known(found)
            return found
    finally:
        engine.dispose()


def engine_of(settings: Settings) -> Engine:
    """The connections to the catalog's database, as we want them."""
    url = settings.catalog_url
    if url.startswith("sqlite"):
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        url, pool_size=8, max_overflow=32, pool_pre_ping=not url.startswith("sqlite")
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def told(engine: Engine) -> Iterator[None]:
    """What the database says when a catalog is opened, as errors of ours."""
    try:
        yield
    except DBAPIError as error:
        where = engine.url.render_as_string(hide_password=True)
        if is_damage(error):
            raise damaged(f" at {where}") from error
        reason = f"{error.orig}" + (f" ({code})" if (code := code_of(error.orig)) else "")
        raise ConfigurationError(
            f"The catalog at {where} cannot be opened: {reason}.", code=UNAVAILABLE
        ) from error


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions are begun by us, not by the driver
    for pragma in (
        "busy_timeout=60000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-16000",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at once: upgrading a read lock later can fail for no fault."""
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def next_seq(connection: Connection) -> int:
    """Advance the catalog's clock by a tick; until this transaction ends nobody else can."""
    connection.execute(
        update(counters).where(counters.c.name == "seq").values(value=counters.c.value + 1)
    )
    return current_seq(connection)


def hold_seq(connection: Connection) -> None:
    """Let the clock stand still to the end of a writing transaction: nothing is published."""
    connection.execute(select(counters.c.value).where(counters.c.name == "seq").with_for_update())


def current_seq(connection: Connection) -> int:
    """The catalog's clock: the number of its last tick (``seq``)."""
    return int(connection.scalar(_SEQ) or 0)


def insert_ignoring(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    """Insert rows; those that exist already stay as they are."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


def row_to_change(connection: Connection, table: Any, key: str, values: dict[str, Any]) -> Row[Any]:
    """The row with this key, locked to the transaction's end; it is made where there is none."""
    same = {key: values[key]}
    upsert = _insert(connection, table).values(values)
    upsert = upsert.on_conflict_do_update(index_elements=[key], set_=same).returning(table)
    return connection.execute(upsert).one()


def _insert(connection: Connection, table: Any) -> Any:
    """An insert that may say what is done where the row exists."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert(table)


def now() -> float:
    """Unix time in seconds, for what people see; events are ordered by the catalog's clock."""
    return time.time()
