"""Rows of tables within a passage, and what a row says: each value with its column. Pure.

A table's text has a row a line, its cells between bars; the first line names the columns, also
where a passage begins in the middle of a table (``ingest/reading/chunking.py``).
"""

import re
from collections.abc import Iterator
from functools import lru_cache

BAR = " | "
LINE = re.compile(r"[^\n]+")
HAS_LETTERS = re.compile(r"[^\W\d_]")


def spans(text: str) -> list[tuple[int, int]]:
    """Where rows begin and end; a line with bars that has no other beside it is none."""
    return [span for table in _tables(text) for span in table]


def is_lone(text: str, start: int, end: int) -> bool:
    """Whether a row says nothing by itself: it names the columns, or has a single value.

    The names stand in the first row, and again where a passage holds several parts of a table.
    """
    for table in _tables(text):
        for first, last in table:
            if first <= start < last:
                cells = _cells(text[start:end])
                return len([*filter(None, cells)]) < 2 or cells == _columns(text, table)
    return False


def said(text: str, start: int, end: int) -> str:
    """What stands from one character to another, in one line; a row as «Column: value» pairs."""
    for table in _tables(text):
        columns = _columns(text, table)
        if columns is not None and any(first == start for first, _ in table[1:]):
            values = zip(columns, _cells(text[start:end]), strict=False)
            return "; ".join(_pair(column, value) for column, value in values if value)
    return " ".join(text[start:end].split())


def _pair(column: str, value: str) -> str:
    return f"{column}: {value}" if column and column != value else value


def _columns(text: str, table: list[tuple[int, int]]) -> list[str] | None:
    """The names in the first row; None where those are no names."""
    cells = _cells(text[slice(*table[0])])
    named = [cell for cell in cells if HAS_LETTERS.search(cell)]
    return cells if len(table) > 1 and len(named) * 2 > len(cells) else None


def _cells(line: str) -> list[str]:
    return [" ".join(cell.split()) for cell in f" {line} ".split(BAR)]


@lru_cache(maxsize=100)
def _tables(text: str) -> tuple[list[tuple[int, int]], ...]:
    """The tables of a text, as their rows; kept, for each of its stretches is asked about."""
    return tuple(_found(text))


def _found(text: str) -> Iterator[list[tuple[int, int]]]:
    """Lines with bars that follow one another and have equally many cells."""
    table: list[tuple[int, int]] = []
    bars = 0
    for match in LINE.finditer(text):
        count = match.group().count(BAR)
        follows = bool(table) and match.start() == table[-1][1] + 1
        if table and not (follows and count == bars):
            yield from [table] if len(table) > 1 else []
            table = []
        if count:
            table.append(match.span())
        bars = count
    yield from [table] if len(table) > 1 else []
