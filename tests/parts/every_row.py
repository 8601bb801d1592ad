"""Catalogs with rows in every table, of any schema; and all that stands in one, by plain SQL."""

from sqlalchemy import JSON, Boolean, Float, Integer, LargeBinary, MetaData, inspect, text

from kb.catalog import migrating
from kb.catalog.tables import metadata

SCHEMAS = [f"{n:04}" for n in range(1, int(migrating.HEAD) + 1)]
READ_BY_MIGRATIONS = {
    ("answers", "passages"): lambda n: [[n, [0]]],
    ("sources", "rule"): lambda n: {"kind": "groups"} if n % 2 else None,
}
"""Columns whose form a migration relies on."""


def add_rows(connection, n: int) -> dict[str, dict]:
    """A row into every table that this schema has; ``n`` tells it from others. Returns them."""
    there = set(inspect(connection).get_table_names())
    found = MetaData()
    found.reflect(connection, only=[t for t in metadata.tables if t in there])
    made: dict[tuple[str, str], object] = {}
    added: dict[str, dict] = {}
    for table in found.sorted_tables:
        row = {c.name: value_of(table, c, n, made) for c in table.columns}
        made |= {(table.name, name): value for name, value in row.items()}
        connection.execute(table.insert(), row)
        added[table.name] = row
    return added


def rows_of(connection) -> dict[str, list[dict]]:
    """Every row of every table, by column."""
    found = MetaData()
    found.reflect(connection, only=list(metadata.tables))
    return {
        name: [dict(row._mapping) for row in connection.execute(table.select())]
        for name, table in found.tables.items()
    }


def value_of(table, column, n, made):
    if (table.name, column.name) in READ_BY_MIGRATIONS:
        return READ_BY_MIGRATIONS[table.name, column.name](n)
    for key in column.foreign_keys:
        target = key.column.table.name, key.column.name
        return made.get(target) if target in made else None
    if column.nullable and n % 3 == 0:
        return None
    if isinstance(column.type, JSON):
        return {"n": n, "words": ["Fähre", None, 0.1]}
    if isinstance(column.type, Boolean):
        return n % 2 == 0
    if isinstance(column.type, LargeBinary):
        return bytes([n, 0, 255])
    if isinstance(column.type, Float):
        return n + 0.1
    if isinstance(column.type, Integer):
        return n if column.primary_key else 2**40 + n if "BIG" in str(column.type) else n
    said = f"{column.name}-{n}"
    return said[: getattr(column.type, "length", None) or len(said)]


def everything(connection) -> dict[str, list[tuple]]:
    """Every row of every table of ours, in an order of its own; JSON as its text."""
    found = {}
    inspector = inspect(connection)
    for name in sorted(set(inspector.get_table_names()) & set(metadata.tables)):
        columns = inspector.get_columns(name)
        wanted = ", ".join(
            f'CAST("{c["name"]}" AS TEXT)' if isinstance(c["type"], JSON) else f'"{c["name"]}"'
            for c in sorted(columns, key=lambda c: c["name"])
        )
        rows = connection.execute(text(f'SELECT {wanted} FROM "{name}"'))
        found[name] = sorted((tuple(map(_plain, row)) for row in rows), key=repr)
    return found


def _plain(value):
    """PostgreSQL has booleans, SQLite numbers."""
    return int(value) if isinstance(value, bool) else value
