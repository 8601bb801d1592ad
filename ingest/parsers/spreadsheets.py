"""Cells of workbooks (xlsx) by lxml, part by part: one that is damaged costs only itself.

Rows are read one after another and forgotten, so that empty ones that are only formatted cost no
memory. ECMA-376, part 1, 18.3.1 (sheets) and 18.8 (styles).
"""

import io
import re
from collections.abc import Callable
from typing import IO, Any

from lxml import etree

from ingest.parsers import characters, hiding, looks, main_parts, number_formats
from ingest.parsers.date_formats import SINCE_1904
from ingest.parsers.grids import SheetReading, SheetRows
from ingest.parsers.ooxml import UNREADABLE, Package, S, walked

ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
WHOLE = re.compile(r"-?\d{1,17}$")
MOST_STRINGS = 3_000_000
"""Most shared texts of a workbook that are kept; those beyond are empty."""
STRINGS = "xl/sharedStrings.xml"
MACROS = "{http://schemas.microsoft.com/office/excel/2006/main}macrosheet"
LONGEST_CELL = 32_767
"""Characters that a cell can have."""


class Workbook:
    """The texts and formats that the cells of a workbook refer to."""

    def __init__(self, package: Package) -> None:
        self._package = package
        main = main_parts.of(package, "xlsx")
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
        for item in walked(part, f"{S}si"):
            self._strings.append(_text(item) if len(self._strings) < MOST_STRINGS else "")

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

    def grid(self, target: str, room: tuple[int, int]) -> SheetRows:
        """A sheet's cells, so many at the most, with so many characters in all.

        One that is damaged ends where it is damaged.
        """
        related = self._package.related(target)
        filters = []
        for relation in related.values():
            table = self._package.readable(relation.target) if relation.kind == "table" else None
            for node in () if table is None else table.iter(f"{S}autoFilter"):
                filters += list(hiding.filtered(node))
        reading = SheetReading(self.cell, room, filters)

        def read(part: IO[bytes]) -> None:
            nonlocal reading
            reading = SheetReading(self.cell, room, filters)
            reading.read(part)

        is_sheet = self._package.tag(target) in {"", f"{S}worksheet", MACROS}
        is_whole = self._streamed(target, read) and is_sheet
        lost = reading.drawn - related.keys() if is_whole else ()
        self._package.unread |= {f"{target}#{identity}" for identity in lost}
        grid = reading.finish()
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
            value = self._string(value) if kind == "s" and value else value
        if not value:
            return "", False, False
        shown = self._shown(value, kind, look.code)
        return shown, look.is_pale, not shown and bool(value.strip()) and value != "0"

    def _shown(self, value: str, kind: str, code: str | None) -> str:
        if kind == "n":
            return _one_line(self._number(value, code))
        if kind == "b":
            return str(value.strip() == "1")
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
        if number.isdecimal() and len(number) < 9 and int(number) < len(self._strings):
            return self._strings[int(number)]
        self._package.unread.add(STRINGS)  # a cell that shows a text which is not there
        return ""


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
