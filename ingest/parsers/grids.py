"""The rows of one sheet of a workbook (xlsx): its cells, what is merged, what is hidden."""

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from lxml import etree

from ingest.parsers import hiding
from ingest.parsers.hiding import Hidden
from ingest.parsers.ooxml import R, S, walked
from ingest.parsers.tables import Merge

REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})$")
MOST_MERGES = 100_000
"""Most merged areas of a sheet that are kept."""
LOOKED_AT = tuple(
    f"{S}{name}"
    for name in (
        "col", "row", "mergeCell", "autoFilter", "conditionalFormatting", "tablePart", "drawing",
        "legacyDrawing",
    )
)  # fmt: skip
ReadCell = Callable[[Any], tuple[str, bool, bool]]
"""What a cell shows, whether in the colour of the page, and whether it hides a value."""


@dataclass(slots=True)
class SheetRows:
    """A sheet's rows, of which empty ones that follow one another are one; what is hidden of them.

    ``pale`` are texts in the colour of an empty page; ``is_whole`` where nothing was damaged.
    """

    rows: list[list[str]] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    hidden: Hidden = hiding.NOTHING
    pale: list[str] = field(default_factory=list)
    blank: int = 0
    is_whole: bool = True
    is_cut: bool = False


class SheetReading:
    """One sheet while it is read."""

    def __init__(
        self, cell: ReadCell, room: tuple[int, int], filters: list[tuple[int, int]]
    ) -> None:
        self._grid = SheetRows()
        self._cell = cell
        self._left, self._room = room
        self._numbers: list[int] = []
        self._rows: list[dict[bytes, bytes]] = []
        self._row = -1
        self._hidden: set[int] = set()
        self._columns: set[int] = set()
        self._filters = list(filters)
        self.drawn: set[str] = set()
        """The ids of the drawings and comments that belong to the sheet."""
        self._pale: list[tuple[list[str], int]] = []
        self._is_painted = False

    def read(self, part: IO[bytes]) -> None:
        """Read the sheet's XML until there is no more room.

        Raises:
            lxml.etree.XMLSyntaxError: it is damaged; what stands before that is kept.
        """
        for node in walked(part, *LOOKED_AT):
            name = etree.QName(node).localname
            if name == "row":
                self._add(node)
            elif name == "col":
                self._columns.update(hiding.columns(node))
            elif name == "mergeCell":
                self._merge(node.get("ref", ""))
            elif name == "autoFilter":
                self._filters += hiding.filtered(node)
            elif name in {"drawing", "legacyDrawing"}:
                self.drawn.add(node.get(f"{R}id", ""))
            else:
                self._is_painted = True
            if self._left < 0 or self._room < 0:
                self._grid.is_cut = True
                return

    def _add(self, row: Any) -> None:
        written = row.get("r", "")
        self._row = int(written) - 1 if written.isdecimal() and len(written) < 8 else self._row + 1
        if hiding.is_hidden(row, "ht"):
            self._hidden.add(self._row)
        cells = self._cells(row)
        is_gap = not cells or (bool(self._numbers) and self._row > self._numbers[-1] + 1)
        if is_gap and self._grid.rows and self._grid.rows[-1]:
            self._put([], self._numbers[-1] + 1)
        if cells:
            self._put(cells, self._row)

    def _put(self, cells: list[str], number: int) -> None:
        self._grid.rows.append(cells)
        self._numbers.append(number)
        self._left -= len(cells) + 1
        self._room -= sum(map(len, cells))

    def _cells(self, row: Any) -> list[str]:
        cells: list[str] = []
        column = -1
        for node in row.iterchildren(f"{S}c"):
            at = REFERENCE.match(node.get("r", ""))
            column = _number_of(at[1]) if at else column + 1
            if column >= hiding.WIDEST:
                continue
            text, is_pale, is_blank = self._cell(node)
            self._grid.blank += is_blank
            if not text:
                continue
            cells += [""] * (column + 1 - len(cells))
            cells[column] = text
            if is_pale:
                self._pale.append((cells, column))
        return cells

    def _merge(self, area: str) -> None:
        first, _, last = area.partition(":")
        one, other = REFERENCE.match(first), REFERENCE.match(last)
        if one and other and len(self._grid.merges) < MOST_MERGES:
            self._grid.merges.append(
                (int(one[2]) - 1, _number_of(one[1]), int(other[2]) - 1, _number_of(other[1]))
            )

    def finish(self) -> SheetRows:
        """The sheet: bring merged cells and hidden rows to the rows that there are."""
        grid, numbers = self._grid, self._numbers
        at = {number: place for place, number in enumerate(numbers)}
        grid.merges = [
            (at[top], left, bisect_left(numbers, bottom + 1) - 1, right)
            for top, left, bottom, right in grid.merges
            if top in at and bottom >= top and right >= left
        ]
        hidden = {
            at for at, number in enumerate(numbers)
            if number in self._hidden and not any(a <= number <= b for a, b in self._filters)
        }  # fmt: skip
        grid.hidden = Hidden(frozenset(hidden), frozenset(self._columns))
        for cells, column in () if self._is_painted else self._pale:
            grid.pale.append(cells[column])
            cells[column] = ""
        return grid


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
