"""The words of passages in their order, so that exact phrases are found without reading texts.

SQLite keeps them in an FTS5 table without content, PostgreSQL as text with an index over the words.
Both get the words as :func:`kb.text.queries.words_in` cuts and folds them, and are asked with
words cut the same way: neither database's own idea of a word, a case or an accent counts. What they
find is exact. Rows are written and deleted in the transaction that writes and deletes the passages.

To delete a row of an FTS5 table without content takes the words that were put in: whoever changes
``words_in`` writes a migration that fills the table anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Text,
    and_,
    column,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from kb.catalog.arrays import among
from kb.catalog.database import Catalog, insert_ignoring
from kb.catalog.tables import chunks, counters
from kb.text.queries import words_in

FORGOTTEN = "words_forgotten"
"""Counter that is there while deleted words may still stand in old parts of the table."""
PART = 1000
"""Passages that are read at once."""
MERGED_PAGES = 500
"""Pages that one transaction merges at most, since other writers wait for it."""
ROWS = table("passage_words", column("point"), column("words", Text))
WORDS_EACH: Any = literal_column("string_to_array(passage_words.words, ' ')", ARRAY(Text))
"""The words as an array, written as PostgreSQL's index has them."""
FTS = table("passage_words", column("rowid"))
MATCHES = text("passage_words MATCH :match")
ADD = text("INSERT INTO passage_words (rowid, words) VALUES (:point, :words)")
REMOVE = text(
    "INSERT INTO passage_words (passage_words, rowid, words) VALUES ('delete', :point, :words)"
)
THERE = text("EXISTS (SELECT 1 FROM passage_words_docsize WHERE id = chunks.point)")
MERGE = "INSERT INTO passage_words (passage_words, rank) VALUES ('merge', {pages})"


def add(connection: Connection, passages: Iterable[Mapping[str, Any]]) -> None:
    """Keep the words of passages: rows with ``point`` and ``text``."""
    rows = [{"point": p["point"], "words": words_in(p["text"])} for p in passages]
    if rows and connection.dialect.name == "sqlite":
        connection.execute(ADD, rows)
    elif rows:
        insert_ignoring(connection, ROWS, rows)


def forget(connection: Connection, numbers: Sequence[int]) -> None:
    """Forget the words of these versions' passages; the passages themselves are still there."""
    of_them = among(chunks.c.version, numbers)
    if connection.dialect.name != "sqlite":
        points = select(chunks.c.point).where(of_them)
        connection.execute(delete(ROWS).where(ROWS.c.point.in_(points)))
        return
    query = select(chunks.c.point, chunks.c.text).where(of_them)
    for part in connection.execute(query.where(THERE)).partitions(PART):
        connection.execute(REMOVE, [{"point": p, "words": words_in(t)} for p, t in part])
        insert_ignoring(connection, counters, [{"name": FORGOTTEN, "value": 1}])


def clear_up(catalog: Catalog) -> None:
    """Let deleted words leave SQLite's table for good, a little in each transaction.

    FTS5 notes that a row is gone and drops its words when the parts that have them are merged.
    """
    with catalog.reading() as connection:
        query = select(counters.c.value).where(counters.c.name == FORGOTTEN)
        if connection.scalar(query) is None:
            return
    with catalog.writing() as connection:
        connection.execute(delete(counters).where(counters.c.name == FORGOTTEN))
        connection.exec_driver_sql(MERGE.format(pages=-MERGED_PAGES))
    merged = True
    while merged:
        with catalog.writing() as connection:
            before = _changes(connection)
            connection.exec_driver_sql(MERGE.format(pages=MERGED_PAGES))
            merged = _changes(connection) - before > 1  # FTS5's own sign that there was work


def _changes(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT total_changes()").scalar_one())


def points_with(connection: Connection, phrases: Sequence[str]) -> Select[tuple[int]]:
    """The query for the points (``point``) of passages that have every one of some phrases.

    Rights are the caller's to add.
    """
    wanted = [words_in(phrase, is_folded=True) for phrase in phrases]
    if connection.dialect.name == "sqlite":
        match = " AND ".join(f'"{words}"' for words in wanted)
        return select(FTS.c.rowid.label("point")).where(MATCHES.bindparams(match=match))
    each = sorted({word for words in wanted for word in words.split()})
    spaced = literal(" ") + ROWS.c.words + literal(" ")
    return select(ROWS.c.point).where(
        WORDS_EACH.op("@>")(literal(each, ARRAY(Text))),  # by the index
        *(func.strpos(spaced, f" {words} ") > 0 for words in wanted),
    )


def points_with_any(connection: Connection, spellings: Sequence[str]) -> Select[tuple[int]]:
    """The query for the points (``point``) of passages that have one of some phrases.

    The phrases are words as ``words_in`` gives them. Rights are the caller's to add.
    """
    if connection.dialect.name == "sqlite":
        match = " OR ".join(f'"{words}"' for words in spellings)
        return select(FTS.c.rowid.label("point")).where(MATCHES.bindparams(match=match))
    spaced = literal(" ") + ROWS.c.words + literal(" ")
    return select(ROWS.c.point).where(
        or_(
            *(
                and_(
                    WORDS_EACH.op("@>")(literal(sorted(set(words.split())), ARRAY(Text))),
                    func.strpos(spaced, f" {words} ") > 0,
                )
                for words in spellings
            )
        )
    )
