"""The catalog's walls: SQL and rows stay within them, and pages and commands see no transaction."""

import ast
from pathlib import Path

import pytest

from tests.house.code import FILES, ROOT, imports, name, room_of_file, tree

SPEAKERS = {"sqlalchemy", "alembic", "psycopg", "sqlite3"}
SPEAKING = {"execute", "exec_driver_sql", "scalar", "scalars"}
"""Methods of a connection that take a statement."""
OWN_TABLES = {"ingest/following/queued_jobs.py"}
"""The queue's tables are its own: docs/adr/0006-rooms.md."""
OUTSIDE = [p for p in FILES if room_of_file(p) != "kb.catalog"]
SILENT = [p for p in OUTSIDE if name(p) not in OWN_TABLES]
SEEN_FROM_OUTSIDE = [p for p in FILES if room_of_file(p) in {"web", "kb.cli"}]
INSIDE = sorted((ROOT / "kb/catalog").rglob("*.py"))
FACADE = ROOT / "kb/knowledge_base.py"
OF_THE_DATABASE = {"Row", "RowMapping", "Result", "MappingResult", "ScalarResult", "CursorResult"}
WITHIN = {"kb/catalog/database.py::row_to_change"}
"""It locks the row that a lease or a count of failures is decided by; these two are within."""


def attributes(path: Path) -> list[ast.Attribute]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)]


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in ast.walk(tree(path)) if isinstance(node, kinds)]


def opened(path: Path) -> list[int]:
    """The lines at which a file opens a transaction."""
    calls = [node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call, ast.Attribute)]
    return [call.lineno for call in named if call.attr in {"reading", "writing"}]


@pytest.mark.parametrize("path", SILENT, ids=name)
def test_sql_stands_in_the_catalog_alone(path):
    assert not {i.split(".")[0] for i in imports(path)} & SPEAKERS
    assert [node.lineno for node in attributes(path) if node.attr in SPEAKING] == []


@pytest.mark.parametrize("path", SEEN_FROM_OUTSIDE, ids=name)
def test_web_and_commands_see_no_transaction(path):
    """They call rooms of the knowledge base, which open the transactions and hold the rows."""
    assert not any(i.startswith("kb.catalog") for i in imports(path))
    assert opened(path) == []


def test_the_facade_puts_together_and_asks_the_catalog_nothing():
    """A verb stands in the room that it concerns, which opens its transaction."""
    assert opened(FACADE) == []
    known = {i for i in imports(FACADE) if i.startswith("kb.catalog.")}
    assert {".".join(i.split(".")[:3]) for i in known} == {
        "kb.catalog.database",
        "kb.catalog.behind",
    }
    public = [n for n in functions(FACADE) if not n.name.startswith("_")]
    assert [n.name for n in public if "Connection" in words(n.returns)] == []


@pytest.mark.parametrize("path", OUTSIDE, ids=name)
def test_tables_and_rows_are_not_taken_from_the_catalog(path):
    assert not [i for i in imports(path) if f"{i}.".startswith("kb.catalog.tables.")]
    assert not {"sqlalchemy.Row", "kb.catalog.database.Row"} & imports(path)


@pytest.mark.parametrize("path", INSIDE, ids=name)
def test_no_function_of_the_catalog_gives_a_row_away(path):
    """What the catalog gives is frozen: a row would tie its readers to columns and queries."""
    giving = [
        f"{name(path)}::{node.name}"
        for node in functions(path)
        if not node.name.startswith("_") and words(node.returns) & OF_THE_DATABASE
    ]
    assert set(giving) <= WITHIN


def words(annotation: ast.expr | None) -> set[str]:
    """The names in an annotation, whether it stands as code or in quotes."""
    if annotation is None:
        return set()
    quoted = [n.value for n in ast.walk(annotation) if isinstance(n, ast.Constant)]
    trees = [annotation, *(ast.parse(q, mode="eval") for q in quoted if isinstance(q, str))]
    nodes = [node for one in trees for node in ast.walk(one)]
    return {n.id for n in nodes if isinstance(n, ast.Name)} | {
        n.attr for n in nodes if isinstance(n, ast.Attribute)
    }
