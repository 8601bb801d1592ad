"""A catalog comes into being from rows that were kept: all of it, or nothing.

On SQLite it is made beside its place and put there in one step, on PostgreSQL in one transaction.
"""

import base64
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Text,
    bindparam,
    case,
    cast,
    column,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    table,
    text,
    types,
    update,
)

from kb.catalog import backups, migrating, phrases
from kb.catalog.database import engine_of, now, told
from kb.catalog.failures import translated
from kb.catalog.generations import GONE, LIVE
from kb.catalog.tables import (
    audit,
    chunks,
    generations,
    links,
    metadata,
    removed_folders,
    sessions,
    sources,
    swaps,
)
from kb.errors import DamagedError
from kb.settings import Settings
from kb.types.swaps import GIVEN_UP, OPEN

ACTION = "restore"
"""The action in the audit log with which a restored catalog begins."""
AT_ONCE = 1000
"""Rows that are written or read at once."""
TYPES: dict[str, Any] = {
    "json": Text, "text": Text, "bool": types.Boolean, "bytes": types.LargeBinary,
    "float": types.Float, "int": types.BigInteger,
}  # fmt: skip
KEYS = text(
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
)


def is_there(settings: Settings) -> bool:
    """Whether there is a catalog, of whatever release."""
    return _asked(settings, lambda c: migrating.schema_of(c) is not None)


def is_restored(settings: Settings, ticket: str) -> bool:
    """Whether the catalog is the one that this restore has made."""
    query = select(audit.c.entry).where(audit.c.action == ACTION).order_by(audit.c.seq.desc())

    def look(connection: Connection) -> bool:
        if migrating.schema_of(connection) is None:
            return False
        return any(ticket in entry for entry in connection.scalars(query.limit(5)))

    return _asked(settings, look)


def _asked(settings: Settings, look: Any) -> bool:
    if not settings.catalog.url and not _file(settings).exists():
        return False
    engine = engine_of(settings)
    try:
        with told(engine), engine.connect() as connection:
            return bool(look(connection))
    finally:
        engine.dispose()


@contextmanager
def new_catalog(settings: Settings) -> Iterator[Connection]:
    """A transaction on a catalog in which nothing is; when it ends well, that is the catalog.

    Raises errors of ours.
    """
    made = _made_beside(settings) if settings.catalog_url.startswith("sqlite") else _made(settings)
    try:
        with made as connection:
            yield connection
    except Exception as error:
        ours = translated(error)
        if ours is None:
            raise
        raise ours from error


@contextmanager
def _made(settings: Settings) -> Iterator[Connection]:
    engine = engine_of(settings)
    try:
        with told(engine):
            connection = engine.connect()
        with connection, connection.begin():
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _made_beside(settings: Settings) -> Iterator[Connection]:
    place = _file(settings)
    draft = place.with_name(place.name + ".restoring")
    draft.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{draft}")
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
            if broken := connection.execute(text("PRAGMA foreign_key_check")).all():
                raise DamagedError(
                    f"{len(broken)} rows of the backup refer to rows that are not there, the "
                    f"first in {broken[0][0]}. Restore an earlier backup with --at.",
                    code="backup_damaged",
                )
    finally:
        engine.dispose()
    _sync(draft)
    os.replace(draft, place)
    _sync(place.parent)


def _prepare(connection: Any, _entry: Any) -> None:
    """Nothing of a draft counts before it is whole, so no step of it has to be safe."""
    connection.isolation_level = None
    for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _file(settings: Settings) -> Path:
    return settings.data / "catalog.sqlite3"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def in_any_order(connection: Connection) -> Iterator[None]:
    """Rows may refer to rows that come later; that all are there is checked at the end."""
    if connection.dialect.name == "sqlite":  # it is checked before the file gets its place
        yield
        return
    keys = connection.execute(KEYS).all()
    for name, key, _ in keys:
        connection.execute(text(f'ALTER TABLE {name} DROP CONSTRAINT "{key}"'))
    yield
    for name, key, definition in keys:
        connection.execute(text(f'ALTER TABLE {name} ADD CONSTRAINT "{key}" {definition}'))


def empty(connection: Connection) -> None:
    """Take out what migrations put into a new catalog."""
    there = set(inspect(connection).get_table_names())
    for one in reversed(metadata.sorted_tables):
        if one.name in there:
            connection.execute(delete(table(one.name)))


def load(
    connection: Connection, name: str, columns: Sequence[tuple[str, str]], rows: Iterable[list[Any]]
) -> int:
    """Put rows into a table of the schema that they were kept of; returns how many."""
    postgresql = connection.dialect.name == "postgresql"
    into = table(name, *(column(c, TYPES[kind]) for c, kind in columns))
    values: dict[str, Any] = {}
    for c, kind in columns:
        given: Any = bindparam(c, type_=TYPES[kind])
        values[c] = cast(given, types.JSON) if postgresql and kind == "json" else given
    statement = insert(into).values(values)
    read = [_reader(kind, clean=postgresql) for _, kind in columns]
    names = [c for c, _ in columns]
    count, batch = 0, []
    for row in rows:
        given_row = (None if v is None else r(v) for r, v in zip(read, row, strict=True))
        batch.append(dict(zip(names, given_row, strict=True)))
        if len(batch) == AT_ONCE:
            connection.execute(statement, batch)
            count, batch = count + len(batch), []
    if batch:
        connection.execute(statement, batch)
    return count + len(batch)


def _reader(kind: str, *, clean: bool) -> Any:
    """From the neutral form to what the driver takes. PostgreSQL keeps no NUL in a text."""
    if kind == "bytes":
        return base64.b64decode
    if kind == "bool":
        return bool
    if kind == "text" and clean:
        return lambda value: value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return lambda value: value


def go_on_counting(connection: Connection, numbers: Mapping[str, int]) -> None:
    """No number is given a second time, though the row that had it be gone."""
    for one in metadata.sorted_tables:
        key = list(one.primary_key.columns)
        if len(key) == 1 and inspect(connection).has_table(one.name):
            if connection.dialect.name == "sqlite":
                _count_on_in_sqlite(connection, one.name, key[0].name, numbers.get(one.name, 0))
            else:
                _count_on_in_postgresql(connection, one.name, key[0].name, numbers.get(one.name, 0))


def _count_on_in_sqlite(connection: Connection, name: str, key: str, last: int) -> None:
    made = select(text("sql")).select_from(table("sqlite_master")).where(text("name = :name"))
    if "AUTOINCREMENT" not in str(connection.scalar(made, {"name": name})).upper():
        return
    highest = connection.scalar(select(func.max(column(key))).select_from(table(name))) or 0
    connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
    add = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)")
    connection.execute(add, {"name": name, "seq": max(last, highest)})


def _count_on_in_postgresql(connection: Connection, name: str, key: str, last: int) -> None:
    sequence = connection.scalar(
        text("SELECT pg_get_serial_sequence(:name, :key)"), {"name": name, "key": key}
    )
    if sequence is None:
        return
    highest = connection.scalar(select(func.max(column(key))).select_from(table(name))) or 0
    if end := max(last, highest):
        connection.execute(text("SELECT setval(:s, :n)"), {"s": sequence, "n": end})


def index_words(connection: Connection) -> None:
    """Exact phrases are found in the passages: their words are no part of what is kept."""
    if not inspect(connection).has_table("passage_words"):
        return  # the migration that makes it fills it
    after = -1
    query = select(chunks.c.point, chunks.c.text).order_by(chunks.c.point).limit(AT_ONCE)
    while rows := connection.execute(query.where(chunks.c.point > after)).all():
        phrases.add(connection, [row._asdict() for row in rows])
        after = rows[-1].point


def settle(connection: Connection, roots: Mapping[str, str]) -> None:
    """What was true at the other place alone: where folders lie, who is signed in, the index.

    ``roots`` are folders of sources that lie elsewhere now.
    """
    if roots:  # all at once: one may come to where another was
        root = case(dict(roots), value=sources.c.root, else_=sources.c.root)
        connection.execute(update(sources).values(root=root))
    for ended in (sessions, links, removed_folders):
        connection.execute(delete(ended))
    elsewhere = generations.c.state != LIVE
    connection.execute(update(generations).where(elsewhere).values(state=GONE))
    is_open = swaps.c.state.in_(OPEN)
    connection.execute(update(swaps).where(is_open).values(state=GIVEN_UP, ended_at=now()))
    backups.become_another(connection)


def roots(connection: Connection) -> list[tuple[str, str, bool]]:
    """The sources, each with its folder, and whether it holds what was handed in."""
    query = select(sources.c.name, sources.c.root, sources.c.uploads).order_by(sources.c.name)
    return [(name, root, bool(uploads)) for name, root, uploads in connection.execute(query)]


def sources_of(settings: Settings) -> list[tuple[str, str, bool]]:
    """The sources as :func:`roots` gives them, of a catalog that nobody has open."""
    engine = engine_of(settings)
    try:
        with told(engine), engine.connect() as connection:
            return roots(connection)
    finally:
        engine.dispose()
