"""Sheets: xlsx by openpyxl, xls by xlrd, OpenDocument by lxml, CSV by the standard library.

unstructured reads sheets through pandas, which knows neither merged cells nor hidden sheets and
takes the first row for a header whatever it holds (docs/adr/0002). Hidden sheets are left out.
"""

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import openpyxl
import xlrd
from openpyxl.utils.exceptions import InvalidFileException

from ingest.parsers import libreoffice, packages, tables
from ingest.parsers.encoding import decode
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.opendocument import STYLE, TABLE, content_of, paragraphs
from ingest.parsers.options import Options
from ingest.parsers.tables import MAX_CELLS, Sheet
from kb.errors import FileProblem
from kb.types.parsed import Parsed

WHOLE_BYTES = 60 * 1024**2
"""Workbooks whose sheets are larger are read row by row, without their merged cells."""


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Read a workbook or a CSV file.

    Raises:
        FileProblem: damaged or encrypted.
    """
    filling = Filling()
    sheets = READERS[kind](path, filling)
    members, left_out = packages.embedded(path, options) if kind == "xlsx" else ([], 0)
    problem, parameters = None, {}
    if filling.is_full:
        problem, parameters = "cells_left_out", {"cells": MAX_CELLS}
    elif left_out:
        problem, parameters = "members_left_out", {"members": left_out}
    return Parsed(
        parser="libreoffice" if filling.converted else PARSERS[kind],
        media_type=MEDIA_TYPES[kind],
        elements=tuple(tables.elements_of(sheets)),
        members=tuple(members),
        problem=problem,
        problem_parameters=parameters,
    )


class Filling:
    """Counts cells over all sheets of a file."""

    def __init__(self) -> None:
        self.converted = False
        self.restart()

    def restart(self) -> None:
        """Count from the beginning."""
        self._left = MAX_CELLS
        self.is_full = False

    def rows(self, rows: Iterable[Iterable[str]]) -> list[list[str]]:
        """As many rows as there is room for, without empty cells at their ends."""
        kept: list[list[str]] = []
        for row in rows:
            cells = list(row)
            while cells and not cells[-1]:
                cells.pop()
            self._left -= len(cells) + 1
            if self._left < 0:
                self.is_full = True
                break
            kept.append(cells)
        while kept and not kept[-1]:
            kept.pop()
        return kept


def _xlsx(path: Path, filling: Filling) -> list[Sheet]:
    packages.check(path)
    if packages.is_strict(path):
        filling.converted = True
        path = libreoffice.convert(path, "xlsx", "xlsx")
    with zipfile.ZipFile(path) as archive:
        size = sum(i.file_size for i in archive.infolist() if "worksheets/" in i.filename)
    try:
        sheets = _xlsx_sheets(path, filling, by_row=size > WHOLE_BYTES)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # A drawing or a style that openpyxl does not understand; by row it reads cells alone.
        filling.restart()
        sheets = _xlsx_sheets(path, filling, by_row=True)
    drawn = packages.drawn_texts(path)
    return [*sheets, Sheet(None, [[text] for text in drawn])] if drawn else sheets


def _xlsx_sheets(path: Path, filling: Filling, *, by_row: bool) -> list[Sheet]:
    try:
        content = io.BytesIO(path.read_bytes())  # by its name openpyxl would refuse some files
        book = openpyxl.load_workbook(content, read_only=by_row, data_only=True, keep_links=False)
    except (InvalidFileException, zipfile.BadZipFile) as error:
        raise FileProblem("damaged", what=f"workbook: {error}") from error
    return [
        _xlsx_sheet(sheet, filling) for sheet in book.worksheets if sheet.sheet_state == "visible"
    ]


def _xlsx_sheet(sheet: Any, filling: Filling) -> Sheet:
    if hasattr(sheet, "reset_dimensions"):
        sheet.reset_dimensions()
    rows = filling.rows([_shown(cell) for cell in row] for row in sheet.iter_rows())
    merged = getattr(sheet, "merged_cells", None)
    merges = [
        (r.min_row - 1, r.min_col - 1, r.max_row - 1, r.max_col - 1)
        for r in (merged.ranges if merged else ())
    ]
    return Sheet(sheet.title, rows, merges)


def _shown(cell: Any) -> str:
    """A cell's value nearly as its program shows it."""
    value = cell.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, percent="%" in (cell.number_format or ""))
    return _text(value)


def _number(value: float, *, percent: bool = False) -> str:
    if percent:
        return f"{value * 100:.10g}%"
    return str(value) if isinstance(value, int) else f"{value:.12g}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        is_day = value.time() == dt.time(0)
        return f"{value:%Y-%m-%d}" if is_day else f"{value:%Y-%m-%d %H:%M}"
    return " ".join(str(value).split())


def _xls(path: Path, filling: Filling) -> list[Sheet]:
    try:
        book = xlrd.open_workbook(path, formatting_info=True, on_demand=True, logfile=io.StringIO())
    except NotImplementedError:
        book = xlrd.open_workbook(path, on_demand=True, logfile=io.StringIO())
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower():
            raise FileProblem("encrypted") from error
        filling.converted = True
        return _xlsx(libreoffice.convert(path, "xls", "xlsx"), filling)
    sheets = [book.sheet_by_index(n) for n in range(book.nsheets)]
    return [_xls_sheet(book, sheet, filling) for sheet in sheets if not sheet.visibility]


def _xls_sheet(book: Any, sheet: Any, filling: Filling) -> Sheet:
    rows = filling.rows(
        [_xls_cell(book, cell) for cell in sheet.row(number)] for number in range(sheet.nrows)
    )
    merges = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
    return Sheet(sheet.name, rows, merges)


def _xls_cell(book: Any, cell: Any) -> str:
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return _text(xlrd.xldate_as_datetime(cell.value, book.datemode))
        except (ValueError, OverflowError):
            return _number(cell.value)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        is_whole = float(cell.value).is_integer() and abs(cell.value) < 1e15
        return _number(int(cell.value) if is_whole else cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return str(bool(cell.value))
    return "" if cell.ctype in {xlrd.XL_CELL_ERROR, xlrd.XL_CELL_EMPTY} else _text(cell.value)


def _ods(path: Path, filling: Filling) -> list[Sheet]:
    root = content_of(path)
    hidden = {
        style.get(f"{STYLE}name")
        for style in root.iter(f"{STYLE}style")
        for properties in style.iter(f"{STYLE}table-properties")
        if properties.get(f"{TABLE}display") == "false"
    }
    return [
        _ods_sheet(table, filling)
        for table in root.iter(f"{TABLE}table")
        if table.get(f"{TABLE}style-name") not in hidden
    ]


def _ods_sheet(table: Any, filling: Filling) -> Sheet:
    merges: list[tables.Merge] = []
    rows = filling.rows(_ods_rows(table, merges))
    return Sheet(table.get(f"{TABLE}name"), rows, merges)


def _ods_rows(table: Any, merges: list[tables.Merge]) -> Iterable[list[str]]:
    number = 0
    for row in table.iter(f"{TABLE}table-row"):
        cells: list[str] = []
        for cell in row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
            text = " ".join(paragraphs(cell))
            down = int(cell.get(f"{TABLE}number-rows-spanned", 1))
            across = int(cell.get(f"{TABLE}number-columns-spanned", 1))
            if (down, across) != (1, 1):
                merges.append((number, len(cells), number + down - 1, len(cells) + across - 1))
            times = int(cell.get(f"{TABLE}number-columns-repeated", 1))
            cells += [text] * min(times, 1000)
        times = int(row.get(f"{TABLE}number-rows-repeated", 1))
        for _ in range(min(times, 1000) if any(cells) else min(times, 1)):
            yield list(cells)
            number += 1


def _csv(path: Path, filling: Filling) -> list[Sheet]:
    text = decode(path.read_bytes())
    csv.field_size_limit(16 * 1024**2)
    rows = csv.reader(io.StringIO(text, newline=""), _dialect(text[:20_000]))
    try:
        return [Sheet(None, filling.rows([" ".join(c.split()) for c in row] for row in rows))]
    except csv.Error as error:
        raise FileProblem("damaged", what=f"CSV: {error}") from error


def _dialect(sample: str) -> type[csv.Dialect]:
    try:
        found = csv.Sniffer().sniff(sample, delimiters=",;\t|")
    except csv.Error:
        return csv.excel_tab if "\t" in sample.split("\n", 1)[0] else csv.excel
    found.doublequote = True
    return found


READERS: dict[str, Callable[[Path, Filling], list[Sheet]]] = {
    "xlsx": _xlsx,
    "xls": _xls,
    "ods": _ods,
    "csv": _csv,
}
PARSERS = {"xlsx": "openpyxl", "xls": "xlrd", "ods": "lxml", "csv": "csv"}
