"""Cells of workbooks (xlsx) by lxml, part by part: one that is damaged costs only itself.

Rows are read one after another and forgotten, so that empty ones that are only formatted cost no
memory. ECMA-376, part 1, 18.3.1 (sheets) and 18.8 (styles).
"""

import io
import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from lxml import etree

from ingest.parsers import characters, hiding, looks, number_formats
from ingest.parsers.hiding import Hidden
from ingest.parsers.ooxml import UNREADABLE, Package, R, S
from ingest.parsers.tables import Merge

REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})$")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
WHOLE = re.compile(r"-?\d{1,17}$")
MOST_STRINGS = 3_000_000
LONGEST_CELL = 32_767
"""Characters that a cell can have."""
MOST_MERGES = 100_000
SINCE_1904 = 1462
"""Days from the older calendar of sheets to the one of the Macintosh."""
READ = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False,
        "remove_comments": True, "remove_pis": True}  # fmt: skip

LOOKED_AT = tuple(
    f"{S}{name}"
    for name in (
        "col", "row", "mergeCell", "autoFilter", "conditionalFormatting", "tablePart", "drawing",
        "legacyDrawing",
    )
)  # fmt: skip


@dataclass(slots=True)
class Grid:
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


class Workbook:
    """The texts and formats that the cells of a workbook refer to."""

    def __init__(self, package: Package) -> None:
        self._package = package
        main = package.main()
        root = package.root(main)
        said = root.find(f"{S}workbookPr")
        self._days = SINCE_1904 if said is not None and said.get("date1904") in {"1", "true"} else 0
        self._strings: list[str] = []
        self._looks = looks.NONE
        for relation in package.related(main).values():
            try:
                if relation.kind == "sharedStrings":
                    if not self._streamed(relation.target, self._read_strings):
                        package.unread.add(relation.target)
                elif relation.kind == "styles":
                    self._looks = looks.of(package.root(relation.target))
            except UNREADABLE:
                package.unread.add(relation.target)

    def _read_strings(self, part: IO[bytes]) -> None:
        self._strings = []
        for _, item in etree.iterparse(part, tag=f"{S}si", **READ):
            self._strings.append(_text(item) if len(self._strings) < MOST_STRINGS else "")
            _forget(item)

    def _streamed(self, name: str, read: Callable[[IO[bytes]], None]) -> bool:
        """Whether a part could be read; if need be without what XML cannot have."""
        try:
            with self._package.stream(name) as part:
                read(part)
        except etree.XMLSyntaxError:
            content = self._package.content(name)
            mended = characters.well_formed(content)
            if mended == content:
                return False
            try:
                read(io.BytesIO(mended))
            except etree.XMLSyntaxError:
                return False
        except UNREADABLE:
            return False
        return True

    def grid(self, target: str, most: int, letters: int) -> Grid:
        """A sheet's cells, ``most`` at the most, with so many characters in all.

        One that is damaged ends where it is damaged.
        """
        related = self._package.related(target)
        filters = []
        for relation in related.values():
            table = self._package.readable(relation.target) if relation.kind == "table" else None
            for node in () if table is None else table.iter(f"{S}autoFilter"):
                filters += list(hiding.filtered(node))
        filling = _Filling(self, (most, letters), filters)

        def read(part: IO[bytes]) -> None:
            nonlocal filling
            filling = _Filling(self, (most, letters), filters)
            filling.read(part)

        is_whole = self._streamed(target, read)
        lost = filling.drawn - related.keys() if is_whole else ()
        self._package.unread |= {f"{target}#{identity}" for identity in lost}
        grid = filling.finish()
        grid.is_whole = is_whole
        return grid

    def cell(self, node: Any) -> tuple[str, bool, bool]:
        """What a cell shows, whether in the colour of the page, and whether it hides a value."""
        look = self._looks.of(node.get("s", "0"))
        kind = node.get("t", "n")
        if kind == "inlineStr":
            inline = node.find(f"{S}is")
            value = "" if inline is None else _text(inline)
        else:
            value = node.findtext(f"{S}v") or ""
        if not value:
            return "", False, False
        shown = self._shown(value, kind, look.code)
        return shown, look.is_pale, not shown and bool(value.strip()) and value != "0"

    def _shown(self, value: str, kind: str, code: str | None) -> str:
        if kind == "n":
            return _one_line(self._number(value, code))
        if kind == "b":
            return str(value.strip() == "1")
        if kind == "s":
            value = self._string(value)
        return _one_line(number_formats.shown_text(value[:LONGEST_CELL], code))

    def _number(self, value: str, code: str | None) -> str:
        if WHOLE.match(value) and not number_formats.is_day(code):
            return number_formats.shown(int(value), code)
        try:
            number = float(value)
        except ValueError:
            return value
        number += self._days if number_formats.is_day(code) else 0
        is_whole = number.is_integer() and abs(number) < 1e15
        return number_formats.shown(int(number) if is_whole else number, code)

    def _string(self, number: str) -> str:
        is_known = number.isdecimal() and len(number) < 9 and int(number) < len(self._strings)
        return self._strings[int(number)] if is_known else ""


class _Filling:
    """One sheet while it is read."""

    def __init__(
        self, book: Workbook, room: tuple[int, int], filters: list[tuple[int, int]]
    ) -> None:
        self._grid = Grid()
        self._book = book
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
        for _, node in etree.iterparse(part, tag=LOOKED_AT, **READ):
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
            _forget(node)
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
            text, is_pale, is_blank = self._book.cell(node)
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

    def finish(self) -> Grid:
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


def _text(node: Any) -> str:
    """A text's runs, without how they are read out."""
    pieces = []
    length = 0
    for child in node:
        if child.tag == f"{S}t":
            pieces.append(child.text or "")
        elif child.tag == f"{S}r":
            pieces.append(child.findtext(f"{S}t") or "")
        length += len(pieces[-1]) if pieces else 0
        if length > LONGEST_CELL:
            break
    return ESCAPED.sub(_character, "".join(pieces)[:LONGEST_CELL])


def _character(found: re.Match[str]) -> str:
    """What Excel writes so since XML cannot have it (ST_Xstring, 22.9.2.19)."""
    return characters.plain(chr(int(found[1], 16)))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _forget(node: Any) -> None:
    """Free what has been read."""
    node.clear()
    parent = node.getparent()
    while parent is not None and node.getprevious() is not None:
        del parent[0]
