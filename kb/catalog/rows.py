"""Every row of the catalog in a form that belongs to no database: a table is parts, a part is rows.

A part has a ``mark`` where that can be told without reading its rows: as long as the mark stays the
rows are the same. What is large and never changed once it is written has one: passages by their
versions, vectors by their hashes, the audit log by its numbers. Other tables are read each time,
and cut where a row's key says so: a row that comes or goes changes one part only.
"""

import hashlib
import itertools
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    Text,
    cast,
    func,
    inspect,
    select,
    text,
    type_coerce,
    types,
)

from kb.catalog import tables
from kb.types.points import ORDINAL_BITS

NOT_KEPT = {"leases", "rates", "answer_turns"}
"""What the processes of this moment hold: it means nothing elsewhere."""
KINDS: tuple[tuple[type[Any], str], ...] = (
    (types.JSON, "json"), (types.Boolean, "bool"), (types.LargeBinary, "bytes"),
    (types.Float, "float"), (types.Integer, "int"), (types.String, "text"),
)  # fmt: skip
"""Kinds of values. One of JSON is its text, one of bytes is base64 in the file."""
CUT = 0xFFF
"""Rows whose key has zeros here in its checksum begin a part: one in some four thousand."""
VERSION_BITS = 8
"""Passages of 2**8 versions are a part."""
ENTRIES = 4096
"""Entries of the audit log that are a part."""
FETCHED = 500
"""Rows that are fetched at once."""
FEW, MANY = 2_000, 30_000
"""Vectors up to which they are one part, or sixteen; more are 256."""
HEX = "0123456789abcdef"
Values = Sequence[Any]
"""A row's values, in the order of its table's columns."""


@dataclass(frozen=True, slots=True)
class KeptTable:
    """A table as it is in this catalog, whatever its schema: its columns with their kinds."""

    table: Table
    columns: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.table.name)

    @property
    def key(self) -> list[Column[Any]]:
        """The columns of its primary key."""
        return list(self.table.primary_key.columns)


@dataclass(frozen=True, slots=True)
class RowRange:
    """Rows of a table: those that ``where`` says; ``mark`` is empty where they have to be read."""

    mark: str = ""
    where: list[ColumnElement[bool]] = field(default_factory=list)


def kept(connection: Connection) -> list[KeptTable]:
    """The tables of this catalog that are ours, in an order in which rows refer backwards."""
    there = set(inspect(connection).get_table_names())
    names = [t.name for t in tables.metadata.sorted_tables if t.name in there - NOT_KEPT]
    found = MetaData()
    found.reflect(connection, only=names, resolve_fks=False)
    return [KeptTable(found.tables[name], _columns(found.tables[name])) for name in names]


def _columns(table: Table) -> tuple[tuple[str, str], ...]:
    return tuple((str(c.name), _kind(c)) for c in table.columns)


def _kind(column: Column[Any]) -> str:
    for kind, name in KINDS:
        if isinstance(column.type, kind):
            return name
    raise TypeError(f"{column.table}.{column.name} is {column.type!r}")


def parts(connection: Connection, one: KeptTable) -> Iterator[RowRange]:
    """The parts of a table; one without a mark may be cut into several files."""
    by_name = {"chunks": _of_passages, "vectors": _of_vectors, "audit": _of_entries}
    yield from by_name.get(one.name, _whole)(connection, one)


def rows(connection: Connection, one: KeptTable, part: RowRange) -> Iterator[list[Values]]:
    """The rows of a part in their order, as many as belong into one file each time."""
    query = select(*(_written(connection, one.table.c[n], kind) for n, kind in one.columns))
    query = query.where(*part.where).order_by(*one.key)
    found = connection.execute(query, execution_options={"yield_per": FETCHED})
    yield from _cut(one, map(tuple, found), is_whole=bool(part.mark))


def _cut(one: KeptTable, found: Iterable[Values], *, is_whole: bool) -> Iterator[Any]:
    """Rows in runs; each is to be read to its end before the next is asked for."""
    places = [[name for name, _ in one.columns].index(c.name) for c in one.key]
    count = 0

    def number(row: Values) -> int:
        nonlocal count
        key = "\0".join(str(row[at]) for at in places).encode("utf-8", "surrogatepass")
        count += not is_whole and not zlib.crc32(key) & CUT
        return count

    for _, run in itertools.groupby(found, number):
        yield run


def _written(connection: Connection, column: Column[Any], kind: str) -> Any:
    """A column as it is read: JSON as the text that stands there."""
    if kind != "json":
        return column
    if connection.dialect.name == "sqlite":
        return type_coerce(column, Text)
    return cast(column, Text)


def _whole(_connection: Connection, _one: KeptTable) -> Iterator[RowRange]:
    yield RowRange()


def _of_passages(connection: Connection, one: KeptTable) -> Iterator[RowRange]:
    """By their versions: these say when they were made, and of what."""
    point, bits = one.table.c.point, ORDINAL_BITS + VERSION_BITS
    group = point // (1 << bits)
    counted = select(group, func.count(), func.sum(point % (1 << bits)))
    versions = tables.versions.c
    told = connection.execute(
        select(
            versions.number, versions.content_hash, versions.started_at, versions.finished_at,
        ).order_by(versions.number)
    )  # fmt: skip
    made = {
        number: _digest(list(map(tuple, run)))
        for number, run in itertools.groupby(told, lambda row: row.number >> VERSION_BITS)
    }
    for number, count, total in connection.execute(counted.group_by(group).order_by(group)):
        where = [point >= number << bits, point < (number + 1) << bits]
        yield RowRange(_digest([number, count, int(total), made.get(number)]), where)


def _of_vectors(connection: Connection, one: KeptTable) -> Iterator[RowRange]:
    """By the first letters of their hashes: how many of each model, and when they were kept."""
    hashed = one.table.c.hash
    many = connection.scalar(select(func.count()).select_from(one.table)) or 0
    letters = 0 if many < FEW else 1 if many < MANY else 2
    group = func.substr(hashed, 1, letters)
    models: dict[str, list[Any]] = {}
    by_model = select(group, one.table.c.model, func.count())
    for prefix, *told in connection.execute(by_model.group_by(group, one.table.c.model)):
        models.setdefault(prefix, []).append(told)
    kept_at: dict[str, Any] = {}
    if "kept_at" in one.table.c:
        at = one.table.c.kept_at
        by_time = select(group, func.count(), func.min(at), func.max(at), func.sum(at))
        kept_at = {prefix: told for prefix, *told in connection.execute(by_time.group_by(group))}
    for prefix in sorted(models):
        where = [group == prefix, *_from(hashed, prefix)]
        yield RowRange(_digest([prefix, sorted(models[prefix]), kept_at.get(prefix)]), where)


def _from(hashed: Column[Any], prefix: str) -> list[ColumnElement[bool]]:
    """The stretch of the index in which hashes with this beginning are."""
    if not prefix or set(prefix) - set(HEX):
        return []
    after = f"{int(prefix, 16) + 1:0{len(prefix)}x}"
    return [hashed >= prefix, *([hashed < after] if len(after) == len(prefix) else [])]


def _of_entries(connection: Connection, one: KeptTable) -> Iterator[RowRange]:
    """By their numbers: the last entry's hash covers all before it.

    The oldest entry may change, when what stood before it expires; any other when words are taken
    out of it, which a later entry says.
    """
    seq = one.table.c.seq
    redacted = select(func.max(seq)).where(one.table.c.action == tables.REDACTED)
    said = connection.scalar(redacted)
    group = seq // ENTRIES
    counted = select(func.count(), func.min(seq), func.max(seq)).group_by(group)
    for count, first, last in connection.execute(counted.order_by(func.min(seq))).all():
        where = [seq >= first, seq <= last]
        ending = connection.scalar(select(one.table.c.hash).where(seq == last))
        oldest = connection.scalar(select(one.table.c.entry).where(seq == first))
        told = [count, first, last, ending, bool(oldest), *([said] if said else [])]
        yield RowRange(_digest(told), where)


def _digest(told: Any) -> str:
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def numbers(connection: Connection) -> dict[str, int]:
    """The last number that each table gave to a row: it is given once, though the row be gone."""
    if connection.dialect.name == "sqlite":
        if not inspect(connection).has_table("sqlite_sequence"):
            return {}
        found = connection.execute(text("SELECT name, seq FROM sqlite_sequence ORDER BY name"))
        return {name: int(last) for name, last in found if name in tables.metadata.tables}
    found = connection.execute(
        text(
            "SELECT t.relname, s.last_value FROM pg_sequences s"
            " JOIN pg_class q ON q.relname = s.sequencename AND q.relkind = 'S'"
            " JOIN pg_depend d ON d.objid = q.oid AND d.deptype IN ('a', 'i')"
            " JOIN pg_class t ON t.oid = d.refobjid"
            " WHERE s.schemaname = current_schema() AND s.last_value IS NOT NULL ORDER BY 1"
        )
    )
    return {name: int(last) for name, last in found if name in tables.metadata.tables}


@dataclass(frozen=True, slots=True)
class Referred:
    """What documents refer to outside the catalog: keys of stored values, and those to be there.

    ``needed`` are pairs of a key and whether it is an original; otherwise it is elements.
    """

    keys: frozenset[str]
    needed: frozenset[tuple[str, bool]]


def referred(connection: Connection) -> Referred:
    """The stored values that documents refer to, whatever the schema."""
    there = {c["name"] for c in inspect(connection).get_columns("documents")}
    documents = tables.documents.c
    keys: set[str] = set()
    for column in (documents[n] for n in ("blob", "content_hash", "pending") if n in there):
        keys |= set(connection.scalars(select(column).where(column.is_not(None)).distinct()))
    published = documents.version.is_not(None)
    elements = select(documents.blob).where(published, documents.blob.is_not(None))
    originals = select(documents.content_hash).where(
        published, documents.parent_id.is_not(None), documents.content_hash.is_not(None)
    )
    needed = {(key, False) for key in connection.scalars(elements)}
    needed |= {(key, True) for key in connection.scalars(originals)}
    return Referred(frozenset(keys), frozenset(needed))
