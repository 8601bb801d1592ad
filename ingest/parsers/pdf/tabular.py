"""Tables of a page: from the borders of their cells, or from cells that stand beneath one another.

Pure.
"""

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.parsers import tables
from ingest.parsers.pdf import side_by_side
from ingest.parsers.pdf.places import around
from ingest.parsers.pdf.printed import BROKEN_WORD, HYPHEN, Piece, PrintedLine
from ingest.parsers.pdf.ruled import Grid
from ingest.parsers.pdf.side_by_side import CellRow
from kb.types.parsed import Box, Element, Line

FEWEST_ROWS = 3
"""Rows of several cells that a table without borders has."""
LINES_BETWEEN = 2
"""Lines of one cell, one after another, that may stand within such a table: captions of rows."""
FARTHEST = 3.0
"""Heights of a line that rows of one table may lie apart."""
MARK = re.compile(r"[^\w]{1,3}|\(?(?:\d{1,3}|[ivxlc]{1,5}|[a-z])[.)]+", re.IGNORECASE)
"""Bullets and numbers of a list."""
MONEY = re.compile(r"US\$|[$€£¥(]|\b(?:CHF|EUR|USD|GBP)\b")
LABEL = re.compile(r".*:$")
CONTINUED = 0.02
"""Share of the page's width by which the columns of a table that goes on may lie elsewhere."""


@dataclass(slots=True)
class Table:
    """Rows of cells, each with its place, and where the columns lie."""

    rows: list[list[str]]
    places: list[Box]
    columns: list[tuple[float, float]]
    header_rows: int = 0
    carried: int = 0
    """Rows that were taken over from the page before: the header of a table that goes on."""

    def element(self, page: int) -> Element:
        """As an element of a page (1-based)."""
        made = tables.table(self.rows, self.header_rows)
        places, start = [], 0
        for number, row in enumerate(made.text.split("\n")):
            if number >= self.carried:
                places.append(Line(start, start + len(row), self.places[number - self.carried]))
            start += len(row) + 1
        return Element(kind="Table", text=made.text, rows=made.rows, page=page,
                       header_rows=self.header_rows, lines=tuple(places))  # fmt: skip


def parted(
    lines: Sequence[PrintedLine], grids: Sequence[Grid]
) -> Iterator[Table | list[PrintedLine]]:
    """A page's lines in order: tables, and what stands between them."""
    rest = list(lines)
    by_first: dict[int, Table] = {}
    for grid in grids:
        inside = [n for n, line in enumerate(rest) if grid.cell(line.box) is not None]
        found = _ruled([rest[n] for n in inside], grid) if inside else None
        if found is not None:
            by_first[id(rest[inside[0]])] = found
            rest = [x for n, x in enumerate(rest) if n == inside[0] or n not in set(inside)]
    between: list[PrintedLine] = []
    for line in rest:
        if table := by_first.get(id(line)):
            yield from _unruled(between)
            between = []
            yield table
        else:
            between.append(line)
    yield from _unruled(between)


def _ruled(lines: Sequence[PrintedLine], grid: Grid) -> Table | None:
    """A table by its borders: whatever stands in a cell is its text."""
    cells: dict[tuple[int, int], list[str]] = {}
    places: dict[int, list[Box]] = {}
    for line in lines:
        for piece in line.pieces or (Piece(line.text, line.box),):
            cell = grid.cell(piece.box)
            if cell is not None:
                cells.setdefault(cell, []).append(piece.text)
                places.setdefault(cell[0], []).append(piece.box)
    rows = sorted(places)
    columns = sorted({column for _, column in cells})
    several = sum(sum((row, c) in cells for c in columns) > 1 for row in rows)
    if len(columns) < 2 or several < 2:
        return None
    texts = [[_joined(cells.get((row, column), [])) for column in columns] for row in rows]
    spans = [(grid.columns[c], grid.columns[c + 1]) for c in columns]
    header = _header_rows(texts, bordered=True)
    lying = [around(places[row]) for row in rows]
    return _table(texts, lying, spans, header)


def _joined(texts: Sequence[str]) -> str:
    """A cell's lines as one, a word that was hyphenated at the end of one whole again."""
    joined = ""
    for text in texts:
        is_broken = bool(joined) and joined[-1] in BROKEN_WORD
        joined = joined[:-1] + text if is_broken else f"{joined} {text}".strip()
    return joined


def _unruled(lines: Sequence[PrintedLine]) -> Iterator[Table | list[PrintedLine]]:
    rows = side_by_side.of(lines)
    start = 0
    for first, last in _runs(rows):
        table = _aligned(rows[first : last + 1])
        if table is None:
            continue
        if between := [line for row in rows[start:first] for line in row.lines]:
            yield between
        yield table
        start = last + 1
    if between := [line for row in rows[start:] for line in row.lines]:
        yield between


def _runs(rows: Sequence[CellRow]) -> Iterator[tuple[int, int]]:
    """First and last row of stretches in which rows of several cells follow one another."""
    several = [n for n, row in enumerate(rows) if len(row.pieces) > 1]
    run: list[int] = []
    for number in several:
        if run and not _goes_on(rows, run[-1], number):
            if len(run) >= FEWEST_ROWS:
                yield run[0], run[-1]
            run = []
        run.append(number)
    if len(run) >= FEWEST_ROWS:
        yield run[0], run[-1]


def _goes_on(rows: Sequence[CellRow], last: int, number: int) -> bool:
    """Whether a row belongs to the table of an earlier one: near it, and few captions between."""
    if number - last - 1 > LINES_BETWEEN:
        return False
    height = statistics.median(line.box[3] - line.box[1] for line in rows[last].lines)
    return all(
        -height < b.top - a.foot < FARTHEST * height for a, b in pairwise(rows[last : number + 1])
    )


def _aligned(rows: Sequence[CellRow]) -> Table | None:
    """A table of rows whose cells stand beneath one another; None: they do not."""
    counts = Counter(len(row.pieces) for row in rows if len(row.pieces) > 1)
    usual = max(counts, key=lambda count: (counts[count], count))
    full = [row for row in rows if len(row.pieces) == usual]
    columns = [
        (min(r.pieces[n].box[0] for r in full), max(r.pieces[n].box[2] for r in full))
        for n in range(usual)
    ]
    is_apart = all(a[1] <= b[0] for a, b in pairwise(columns))
    if len(full) < FEWEST_ROWS or 2 * len(full) < len(rows) or not is_apart:
        return None
    texts = [_into(columns, row) for row in rows]
    if _is_list([row for row in texts if row[0]]):
        return None
    places = [around([piece.box for piece in row.pieces]) for row in rows]
    header = _header_rows(texts, bordered=False)
    return _table(texts, places, columns, header)


def _into(columns: Sequence[tuple[float, float]], row: CellRow) -> list[str]:
    cells: list[list[str]] = [[] for _ in columns]
    for piece in row.pieces:
        cells[_column(columns, piece.box)].append(piece.text)
    return [" ".join(texts) for texts in cells]


def _column(columns: Sequence[tuple[float, float]], box: Box) -> int:
    """The column that something shares most with, or else lies nearest to."""
    shared = [min(box[2], right) - max(box[0], left) for left, right in columns]
    return max(range(len(columns)), key=lambda n: shared[n])


def _is_list(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of two columns are bullets or numbers."""
    return len(rows[0]) == 2 and sum(bool(MARK.fullmatch(r[0])) for r in rows) * 2 > len(rows)


def _table(
    rows: list[list[str]],
    places: list[Box],
    columns: list[tuple[float, float]],
    header_rows: int,
) -> Table:
    rows, kept = _with_sign_columns(rows)
    # What is left of these signs stands in a word that a cell breaks off, and nobody goes on with.
    whole = [[HYPHEN.sub("-", cell) for cell in row] for row in rows]
    return Table(whole, places, [columns[n] for n in kept], header_rows)


def _with_sign_columns(rows: list[list[str]]) -> tuple[list[list[str]], list[int]]:
    """Columns of nothing but currencies or brackets join their figures; and which are left."""
    left = list(range(len(rows[0])))
    for number in range(len(rows[0])):
        cells = {row[number] for row in rows} - {""}
        at = left.index(number)
        if cells and all(side_by_side.SIGN.fullmatch(c) for c in cells) and at + 1 < len(left):
            into, front = left[at + 1], True
        elif cells and all(side_by_side.BEHIND.fullmatch(c) for c in cells) and at:
            into, front = left[at - 1], False
        else:
            continue
        for row in rows:
            both = (row[number], row[into]) if front else (row[into], row[number])
            row[into] = " ".join(text for text in both if text)
        left.remove(number)
    return [[row[n] for n in left] for row in rows], left


def _header_rows(rows: Sequence[Sequence[str]], *, bordered: bool) -> int:
    """How many of the first rows name the columns: the next one does where the first cell is empty.

    Without borders only figures below show that words above name them.
    """
    if any(LABEL.match(row[0]) for row in rows) and len(rows[0]) == 2:
        return 0
    count = 0
    most = min(tables.MAX_HEADER_ROWS, len(rows) - 1)
    while count < most and _names(rows[count]) and (count == 0 or not rows[count - 1][0]):
        count += 1
    has_figures = any(_is_figure(cell) for row in rows[count:] for cell in row[1:])
    if has_figures:
        return count
    return min(count, 1) if bordered else 0


def _names(row: Sequence[str]) -> bool:
    """Whether a row has words, years or dates over the columns, and no other figures."""
    filled = [cell for cell in row[1:] if cell]
    return bool(filled) and not any(_is_figure(cell) for cell in filled)


def _is_figure(cell: str) -> bool:
    bare = MONEY.sub("", cell).strip()
    return bool(tables.NUMBER.match(bare) or bare in {"—", "–", "-"}) and not tables.YEAR.match(
        bare
    )


def carry_on(before: Table | None, table: Table) -> None:
    """Give a table that goes on from the page before the header that it had there."""
    if before is None or not before.header_rows or len(before.columns) != len(table.columns):
        return
    near = all(
        abs(a[0] - b[0]) < CONTINUED or abs(a[1] - b[1]) < CONTINUED
        for a, b in zip(before.columns, table.columns, strict=True)
    )
    header = before.rows[: before.header_rows]
    if not near or table.rows[: len(header)] == header:
        return
    table.rows = [*header, *table.rows]
    table.carried = table.header_rows = len(header)
