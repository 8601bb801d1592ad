"""Queries that a request waits for: what each database says it would do, over a catalog of some size."""

import json
import re

import pytest
from sqlalchemy import event, text

from bench.catalog import fill
from kb.catalog import answers, beginnings, containers, filtering, ledger, sources, sweeping
from kb.catalog import rights as rights_catalog
from kb.rights import access
from kb.text.queries import EVERYTHING, parse
from kb.types.library import After, LedgerFilter
from kb.types.people import Principal
from tests.parts import catalogs as making

READER = Principal("p7", frozenset({"everyone", "group:group-7", "person:p7"}))
CALLS = {
    "home": lambda c: filtering.count(c, READER, EVERYTHING),
    "newest": lambda c: beginnings.newest(c, READER, 30),
    "samples": lambda c: beginnings.paths_in(c, READER, "/samples"),
    "headings": lambda c: beginnings.headings(c, [3, 4]),
    "facets": lambda c: filtering.facets(c, READER, parse("language:de type:pdf")[1]),
    "phrase": lambda c: filtering.points(c, READER, parse('"of the"')[1], 10),
    "language": lambda c: filtering.points(c, READER, parse("language:de")[1], 10),
    "latest": lambda c: filtering.latest(c, READER, parse("type:web")[1], 10),
    "ledger": lambda c: ledger.rows(c, READER, LedgerFilter(), limit=51),
    "ledger on": lambda c: ledger.rows(
        c, READER, LedgerFilter(), limit=51, after=After("source-3", b"folder 4")
    ),
    "changed": lambda c: ledger.rows(c, READER, LedgerFilter(), limit=51, order="changed"),
    "states": lambda c: ledger.count_by_state(c, READER, LedgerFilter()),
    "reasons": lambda c: ledger.count_by_reason(c, READER, LedgerFilter()),
    "sources": lambda c: ledger.sources_of(c, READER),
    "a source": lambda c: sources.by_name(c, "source-3"),
    "languages": ledger.languages,
    "asked before": lambda c: answers.recent_questions(c, READER, 40),
    "made from": lambda c: answers.forget_made_from(c, [3, 4]),
    "members": lambda c: containers.members_of(c, [3, 4]),
    "swept": lambda c: sweeping.sweepable(c, 60),
    "tokens": lambda c: rights_catalog.tokens_of(c, [3, 4]),
}
WHOLE = {"home", "facets", "language", "states", "reasons", "languages", "sources"}
"""These count: they go through an index that holds all they need, and never through the table."""
ORDERED = {"newest"}
"""These go through the index of times, and end where they have enough."""
LARGE = ("documents", "chunks", "versions", "vectors", "answers", "name_tokens")


@pytest.mark.case("N21")
@pytest.mark.parametrize("kind", making.KINDS)
def test_no_query_of_a_request_reads_a_large_table(kind, request, tmp_path):
    """By the word of SQLite's and PostgreSQL's planner.

    PostgreSQL is asked whether there is another way than reading the table, since it rightly reads
    one of this size.
    """
    catalog = making.opened(kind, request, tmp_path)
    with catalog.writing() as connection:
        fill(connection, 4000)
    if kind == "postgresql":
        settled(request)
    bad = {}
    with catalog.writing() as connection:
        if kind == "postgresql":  # a small table is read whole unless another way is wanted
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        asked = []
        event.listen(
            connection, "before_cursor_execute",
            lambda _c, _cursor, statement, values, _context, _many: asked.append(
                (statement, values)
            ),
        )  # fmt: skip
        for name, call in CALLS.items():
            asked.clear()
            call(connection)
            plans = [plan(connection, *one) for one in list(asked)]
            if found := [p for p in plans if scans(p, name)]:
                bad[name] = found
    catalog.close()
    assert not bad, json.dumps(bad, indent=1)


def settled(request):
    """What autovacuum does after a while: figures for the planner, and which pages all may see."""
    from sqlalchemy import create_engine

    engine = create_engine(request.getfixturevalue("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def plan(connection, statement, values):
    """The plan's lines."""
    raw = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        return [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    cursor = raw.cursor()
    cursor.execute(f"EXPLAIN {statement}", values)
    return [line for (line,) in cursor.fetchall()]


def scans(lines, name):
    """Whether a large table is read whole, or sorted where an index has the order."""
    tables = "|".join(LARGE)
    if any(re.search(rf"Seq Scan on ({tables})\b", line) for line in lines):
        return True
    if name in ORDERED and not any("ix_documents_mtime_ns" in line for line in lines):
        return True
    found = [line for line in lines if re.match(rf"\s*SCAN ({tables})\b", line)]
    covered = [line for line in found if "COVERING INDEX" in line]
    ordered = [line for line in found if "ix_documents_mtime_ns" in line]
    allowed = covered if name in WHOLE else ordered
    return len(allowed) < len(found)


@pytest.mark.case("N21")
def test_the_owner_is_no_exception(tmp_path):
    """The condition on many documents lets through what the one on single documents does."""
    catalog = making.opened("sqlite", None, tmp_path)
    with catalog.writing() as connection:
        fill(connection, 300)
        for who in (READER, access.owner(), Principal("x", frozenset({"group:group-9"}))):
            one_by_one = {n for n in range(1, 301) if ledger.one(connection, who, n)}
            listed = {row.id for row in ledger.rows(connection, who, LedgerFilter())}
            assert listed == one_by_one
            assert filtering.count(connection, who, EVERYTHING) == len(one_by_one)
    catalog.close()
