"""OpenDocument sheets by lxml: cells as they are shown, without what is hidden.

OpenDocument 1.3, part 3, chapter 9.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from ingest.parsers import hiding, opendocument
from ingest.parsers.filling import Filling
from ingest.parsers.hiding import Hidden
from ingest.parsers.ooxml import Package
from ingest.parsers.opendocument import ANNOTATION, DRAW, OFFICE, STYLE, TABLE, TEXT
from ingest.parsers.tables import Merge, Sheet
from kb.types.parsed import Element

CELLS = (f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
GROUPS = {f"{TABLE}table-row-group", f"{TABLE}table-column-group"}
VALUES = ("string-value", "date-value", "time-value", "boolean-value", "value")
MOST_REPEATS = 1000
"""Times that one text, or one row with texts, is repeated."""


def read(path: Path, filling: Filling) -> list[Sheet]:
    """The sheets of a workbook that are seen.

    Raises:
        FileProblem: damaged, or larger than any real one.
    """
    root = opendocument.content_of(path)
    for changes in list(root.iter(f"{TABLE}tracked-changes")):
        changes.clear()
    unseen = {
        style.get(f"{STYLE}name")
        for style in root.iter(f"{STYLE}style")
        for properties in style.iter(f"{STYLE}table-properties")
        if properties.get(f"{TABLE}display") == "false"
    }
    found = list(root.iter(f"{TABLE}table"))
    seen = [table for table in found if table.get(f"{TABLE}style-name") not in unseen]
    filling.hidden += len(found) - len(seen)
    sheets = [_OpenSheetReading(table, filling).sheet() for table in seen]
    has_cells = any(sheet.rows for sheet in sheets)
    with Package(path) as package:
        for table, sheet in zip(seen, sheets, strict=True):
            sheet.beside += _beside(table, package, has_cells=has_cells)
    filling.unread += len(package.unread)
    return sheets


def _beside(table: etree._Element, package: Package, *, has_cells: bool) -> Iterator[Element]:
    """Alternative texts, charts (their values only where no cells have them), comments."""
    for node in table.iter(f"{DRAW}*"):
        yield from opendocument.alternative(node)
        if node.tag == f"{DRAW}object":
            drawn = opendocument.inserted(node, package)
            yield from (e for e in drawn if e.kind != "Table" or not has_cells)
    for node in table.iter(ANNOTATION):
        if not any(_is_hidden(a) for a in node.iterancestors(f"{TABLE}table-row")):
            yield from opendocument.comment(node)


class _OpenSheetReading:
    """One sheet while it is read."""

    def __init__(self, table: etree._Element, filling: Filling) -> None:
        self._table = table
        self._filling = filling
        self._merges: list[Merge] = []
        self._hidden: set[int] = set()
        self._is_cut = False

    def sheet(self) -> Sheet:
        rows = self._filling.rows(self._rows())
        self._filling.cut += self._is_cut
        sheet = Sheet(self._table.get(f"{TABLE}name"), rows, self._merges)
        hidden = Hidden(frozenset(self._hidden), frozenset(_hidden_columns(self._table)))
        return self._filling.seen(sheet, hidden)

    def _rows(self) -> Iterator[list[str]]:
        number = 0
        for row in self._table.iter(f"{TABLE}table-row"):
            cells = self._cells(row, number)
            times = _number(row, "number-rows-repeated") if any(cells) else 1
            self._is_cut |= times > MOST_REPEATS
            is_hidden = _is_hidden(row)
            for _ in range(min(times, MOST_REPEATS)):
                if is_hidden:
                    self._hidden.add(number)
                yield list(cells)
                number += 1

    def _cells(self, row: etree._Element, number: int) -> list[str]:
        cells: list[str] = []
        for cell in row.iterchildren(*CELLS):
            text = self._text(cell)
            down, across = (_number(cell, f"number-{n}-spanned") for n in ("rows", "columns"))
            if (down, across) != (1, 1):
                at = len(cells)
                self._merges.append((number, at, number + down - 1, at + across - 1))
            times = min(_number(cell, "number-columns-repeated"), hiding.WIDEST - len(cells))
            self._is_cut |= bool(text) and times > MOST_REPEATS
            cells += [text] * (min(times, MOST_REPEATS) if text else times)
        return cells

    def _text(self, cell: etree._Element) -> str:
        """What a cell shows; one beneath a merged cell shows nothing."""
        text = " ".join(opendocument.paragraphs(cell))
        if cell.tag != CELLS[0] and text:
            self._filling.blank += 1
            return ""
        if text or next(cell.iterchildren(f"{TEXT}p"), None) is not None:
            return text
        values = (cell.get(f"{OFFICE}{name}", "") for name in VALUES)
        return " ".join(next((value for value in values if value), "").split())


def _is_hidden(node: Any) -> bool:
    """Hidden by hand, not by a filter and not in a group that unfolds."""
    if node.get(f"{TABLE}visibility") != "collapse":
        return False
    return not any(a.tag in GROUPS for a in node.iterancestors())


def _hidden_columns(table: etree._Element) -> Iterator[int]:
    at = 0
    for column in table.iter(f"{TABLE}table-column"):
        times = min(_number(column, "number-columns-repeated"), hiding.WIDEST - at)
        if _is_hidden(column):
            yield from range(at, at + times)
        at += times


def _number(node: Any, name: str) -> int:
    """How often something is repeated, or how far it goes."""
    value = node.get(f"{TABLE}{name}", "1")
    return max(1, int(value[:8])) if value.isdecimal() else 1
