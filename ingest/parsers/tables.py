"""A sheet's cells to elements: titles, tables with their header, notes beneath. Pure."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kb.types.parsed import Element

CELLS = " | "
MAX_CELLS = 3_000_000
"""Cells read of one file; what is beyond is left out, and the ledger says so."""
MAX_CHARACTERS = 100_000_000
"""Of all cells together: one long text may stand in many of them."""
MAX_HEADER_ROWS = 4
"""Most rows at a table's top that are its header."""
NUMBER = re.compile(r"[-+(]?(?=[.,'\s]*\d)[\d.,'\s]*+[)%]?$|\d{4}-\d\d-\d\d")
WIDEST = 1000
"""Columns or rows that one cell may span."""
MOST_PLACES = 300_000
"""Places that the spanning cells of a table or sheet are written into; those beyond stand once."""
MOST_REPEATED = 5_000_000
"""Characters that are repeated so in all."""
YEAR = re.compile(r"(?:19|20)\d\d$")
DAY = re.compile(r"(?:[1-9]|[12]\d|3[01])$")
ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
WRITTEN_DATE = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{2,4})?$")
Row = list[str]
Cell = tuple[str, int, int]
"""A cell's text, and how many rows and columns it takes."""
Merge = tuple[int, int, int, int]
"""Top, left, bottom, right: 0-based, inclusive."""


@dataclass(slots=True)
class Sheet:
    """A sheet as a grid of texts, rows may be of different length; and what stands beside it."""

    name: str | None
    rows: list[Row]
    merges: list[Merge] = field(default_factory=list)
    beside: list[Element] = field(default_factory=list)


def elements_of(sheets: Sequence[Sheet]) -> Iterator[Element]:
    """Titles and tables of every sheet, each under the sheet's name."""
    for sheet in sheets:
        spread = _spread(sheet)
        for first, rows in _blocks(sheet.rows):
            for part in _side_by_side(rows):
                yield from _block(sheet.name, first, part, spread)
        yield from sheet.beside


def span(written: str | None) -> int:
    """How many rows or columns a cell of a web page takes, by its attribute."""
    value = (written or "").strip()
    return max(1, min(int(value[:8]), WIDEST)) if value.isdecimal() else 1


def of_cells(rows: Sequence[Sequence[Cell]]) -> Element | None:
    """A table of cells that may span others, each value in all of its columns and rows.

    None where all cells are empty.
    """
    grid: list[Row] = [[] for _ in rows]
    merges: list[Merge] = []
    taken: set[tuple[int, int]] = set()
    left = MOST_PLACES
    for number, row in enumerate(rows):
        column = 0
        for text, down, across in row:
            while (number, column) in taken:
                column += 1
            down = min(down, len(rows) - number)
            left -= down * across
            if left < 0:
                down = across = 1
            grid[number] += [""] * (column - len(grid[number])) + [text]
            if (down, across) != (1, 1):
                merges.append((number, column, number + down - 1, column + across - 1))
                taken |= {
                    (r, c)
                    for r in range(number, number + down)
                    for c in range(column, column + across)
                }
            column += across
    spread = _spread(Sheet(None, grid, merges))
    kept = [n for n, row in enumerate(grid) if any(row)]
    if not kept:
        return None
    filled = [grid[n] for n in kept]
    return table(filled, max(1, _header_rows(filled, kept[0], spread)))


def table(rows: Sequence[Row], header_rows: int, section: str | None = None) -> Element:
    """One table as an element."""
    cells = tuple(tuple(row) for row in rows)
    return Element(
        kind="Table",
        text="\n".join(CELLS.join(row) for row in cells),
        rows=cells,
        header_rows=header_rows,
        section=section,
    )


def _spread(sheet: Sheet) -> set[int]:
    """Fill merged cells; returns the rows in which a cell spans several columns, but not all.

    A value that spans rows belongs to each of them; one that spans columns is repeated only above
    other headers (see ``_header_rows``), so it is filled in every column here.
    """
    spanning: set[int] = set()
    places, characters = MOST_PLACES, MOST_REPEATED
    for top, left, bottom, right in sheet.merges:
        if top >= len(sheet.rows) or left >= len(sheet.rows[top]):
            continue
        value = sheet.rows[top][left]
        taken = (bottom - top + 1) * (right - left + 1)
        if not value or taken > min(10_000, places) or taken * len(value) > characters:
            continue
        places, characters = places - taken, characters - taken * len(value)
        width = max(len(r) for r in sheet.rows[top : bottom + 1])
        is_title = left == 0 and right >= width - 1 and right > 0
        if is_title:
            continue
        if right > left:
            spanning.add(top)
        for row in sheet.rows[top : bottom + 1]:
            row += [""] * (right + 1 - len(row))
            row[left : right + 1] = [value] * (right - left + 1)
    return spanning


def _blocks(rows: list[Row]) -> Iterator[tuple[int, list[Row]]]:
    """Runs of rows between empty ones; a run that continues the table above it stays with it."""
    start: int | None = None
    last_filled = -1
    for number, row in enumerate(rows):
        if not any(row):
            continue
        gap = start is not None and number > last_filled + 1
        if start is None or (gap and _begins_table(row, rows[start : last_filled + 1])):
            if start is not None:
                yield start, rows[start : last_filled + 1]
            start = number
        last_filled = number
    if start is not None:
        yield start, rows[start : last_filled + 1]


def _begins_table(row: Row, above: list[Row]) -> bool:
    """After an empty row: words only, or another width than the rows above."""
    filled = [c for c in row if c]
    usual = max(sum(1 for c in r if c) for r in above)
    return not any(NUMBER.match(c) for c in filled) or (usual == 1) != (len(filled) == 1)


def _block(
    section: str | None, first: int, rows: list[Row], spanning: set[int]
) -> Iterator[Element]:
    while rows and sum(1 for c in rows[0] if c) == 1 and _is_wider(rows):
        text = next(c for c in rows[0] if c)
        kind = "Title" if len(text) < 120 else "NarrativeText"
        yield Element(kind=kind, text=text, level=1 if kind == "Title" else 0, section=section)
        rows, first = rows[1:], first + 1
    rows = [row for row in rows if any(row)]
    if not rows:
        return
    rows = _without_empty_columns(rows)
    if len(rows[0]) == 1:
        text = "\n".join(row[0] for row in rows)
        yield Element(kind="NarrativeText", text=text, section=section)
        return
    yield table(rows, _header_rows(rows, first, spanning), section)


def _side_by_side(rows: list[Row]) -> list[list[Row]]:
    """Tables that an empty column parts, where each has two columns and names them."""
    filled = enumerate(_filled(rows))
    spans = [
        [column for _, column in group]
        for _, group in itertools.groupby(filled, lambda pair: pair[1] - pair[0])
    ]
    if len(spans) < 2 or not all(_names_columns(rows[0], span) for span in spans):
        return [rows]
    return [[row[span[0] : span[-1] + 1] for row in rows] for span in spans]


def _names_columns(row: Row, span: list[int]) -> bool:
    names = [row[n] if n < len(row) else "" for n in span]
    return len(names) > 1 and all(name and not NUMBER.match(name) for name in names)


def _is_wider(rows: list[Row]) -> bool:
    """Whether the rows below the first are a table, or there are none."""
    return len(rows) == 1 or any(sum(1 for c in row if c) > 1 for row in rows[1:])


def _without_empty_columns(rows: list[Row]) -> list[Row]:
    kept = _filled(rows)
    return [[row[n] if n < len(row) else "" for n in kept] for row in rows]


def _filled(rows: list[Row]) -> list[int]:
    """The columns in which anything stands, in their order."""
    found = (itertools.compress(itertools.count(), row) for row in rows)
    return sorted(set(itertools.chain.from_iterable(found)))


def _is_scale(row: Row, below: Row) -> bool:
    """Whether a row of figures names columns: years, days or dates, one after another."""
    kind, below_kind = _scale(row), _scale(below)
    return kind is not None and kind != below_kind


def _scale(row: Row) -> str | None:
    """What rises through a row behind its first cell, or from there on; None: nothing does."""
    names = row[1:] if row and not NUMBER.match(row[0]) else row
    steps = [_moment(name) for name in names if name]
    kinds = {kind for kind, _ in steps}
    values = [value for _, value in steps]
    rises = all(a < b for a, b in itertools.pairwise(values))
    if (
        len(steps) < 2
        or len(kinds) != 1
        or not (rises or values == sorted(set(values), reverse=True))
    ):
        return None
    kind = kinds.pop()
    is_day = kind == "day" and (len(names) == len(row) or values[-1] - values[0] != len(values) - 1)
    return None if kind == "" or is_day else kind


def _moment(name: str) -> tuple[str, float]:
    """What a header's figure stands for, and where it is in time."""
    if YEAR.match(name):
        return "year", int(name)
    if found := ISO_DATE.match(name):
        year, month, day = (int(part) for part in found.groups())
        return "date", year * 372 + month * 31 + day
    if found := WRITTEN_DATE.match(name):
        day, month, year = (int(part or 0) for part in found.groups())
        return "date", year * 372 + month * 31 + day
    return ("day", int(name)) if DAY.match(name) else ("", 0)


def _header_rows(rows: list[Row], first: int, spanning: set[int]) -> int:
    """How many rows name the columns: none where the first row is figures already."""
    is_figures = sum(1 for c in rows[0] if NUMBER.match(c)) * 2 > len(rows[0])
    if len(rows) < 2 or (is_figures and not _is_scale(rows[0], rows[1])):
        return 0
    count = 1
    while count < min(MAX_HEADER_ROWS, len(rows) - 1) and first + count - 1 in spanning:
        count += 1
    return count
