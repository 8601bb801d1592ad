"""Sheets: xlsx by openpyxl, xls by xlrd, OpenDocument by lxml, CSV by the standard library.

unstructured reads sheets through pandas, which knows neither merged cells nor hidden sheets and
takes the first row for a header whatever it holds (docs/adr/0002). Hidden sheets are left out.
"""

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import openpyxl
import xlrd
from openpyxl.utils.exceptions import InvalidFileException

from ingest.parsers import delimited, libreoffice, number_formats, packages, tables, workbooks
from ingest.parsers.filling import Filling
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.ooxml import UNREADABLE
from ingest.parsers.opendocument import (
    ANNOTATION,
    DRAW,
    STYLE,
    TABLE,
    alternative,
    comment,
    content_of,
    paragraphs,
)
from ingest.parsers.options import Options
from ingest.parsers.tables import MAX_CELLS, Sheet
from kb.errors import FileProblem
from kb.types.parsed import COMMENT, Element, Parsed

WHOLE_BYTES = 60 * 1024**2
"""Workbooks whose sheets are larger are read row by row, without their merged cells."""
NUMBERS = (int, float, dt.datetime, dt.time, dt.timedelta)
SINCE_1904 = 1462
"""Days from the older calendar of sheets to the one of the Macintosh."""


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
        notices=filling.notices,
        members=tuple(members),
        problem=problem,
        problem_parameters=parameters,
    )


def _xlsx(path: Path, filling: Filling) -> list[Sheet]:
    packages.check(path)
    if packages.is_strict(path):
        filling.converted = True
        path = libreoffice.convert(path, "xlsx", "xlsx")
    try:
        path = _calculated(path, filling)
        beside = workbooks.beside(path, filling)
    except UNREADABLE:
        beside = {}  # openpyxl says better what is damaged, or reads it all the same
    sheets = _cells(path, filling)
    for sheet in sheets:
        sheet.beside += beside.pop(sheet.name or "", ())
    return [*sheets, *(Sheet(name, [], beside=found) for name, found in beside.items() if found)]


def _calculated(path: Path, filling: Filling) -> Path:
    """The workbook with values: LibreOffice calculates those that nobody has stored."""
    filling.valueless = workbooks.valueless(path)
    if not filling.valueless or libreoffice.program() is None:
        return path
    try:
        calculated = libreoffice.convert(path, "xlsx", "xlsx")
    except FileProblem:
        return path  # the ledger says that values are missing
    filling.converted = True
    filling.valueless = workbooks.valueless(calculated)
    return calculated


def _cells(path: Path, filling: Filling) -> list[Sheet]:
    with zipfile.ZipFile(path) as archive:
        size = sum(i.file_size for i in archive.infolist() if "worksheets/" in i.filename)
    try:
        return _xlsx_sheets(path, filling, by_row=size > WHOLE_BYTES)
    except (ArithmeticError, AttributeError, LookupError, SyntaxError, TypeError, ValueError):
        # A drawing or a style that openpyxl does not understand; by row it reads cells alone.
        filling.restart()
        return _xlsx_sheets(path, filling, by_row=True)


def _xlsx_sheets(path: Path, filling: Filling, *, by_row: bool) -> list[Sheet]:
    try:
        content = io.BytesIO(path.read_bytes())  # by its name openpyxl would refuse some files
        book = openpyxl.load_workbook(content, read_only=by_row, data_only=True, keep_links=False)
    except (InvalidFileException, zipfile.BadZipFile) as error:
        raise FileProblem("damaged", what=f"workbook: {error}") from error
    seen = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    filling.hidden += len(book.worksheets) - len(seen)
    return [_xlsx_sheet(sheet, filling) for sheet in seen]


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
    if value is None:
        return ""
    code = cell.number_format if cell.has_style else None
    if isinstance(value, str):
        return _text(number_formats.shown_text(value, code))
    is_number = isinstance(value, NUMBERS) and not isinstance(value, bool)
    return number_formats.shown(value, code) if is_number else _text(value)


def _text(value: Any) -> str:
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
    seen = [sheet for sheet in sheets if not sheet.visibility]
    filling.hidden += len(sheets) - len(seen)
    return [_xls_sheet(book, sheet, filling) for sheet in seen]


def _xls_sheet(book: Any, sheet: Any, filling: Filling) -> Sheet:
    rows = filling.rows(
        [_xls_cell(book, cell) for cell in sheet.row(number)] for number in range(sheet.nrows)
    )
    merges = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
    notes = [
        _comment(f"{sheet.name}!{xlrd.cellname(*place)}", _text(note.text))
        for place, note in sorted(sheet.cell_note_map.items())
        if note.text.strip()
    ]
    return Sheet(sheet.name, rows, merges, notes)


def _comment(place: str, text: str) -> Element:
    return Element(kind="NarrativeText", text=f"{place}: {text}", section=COMMENT)


def _xls_cell(book: Any, cell: Any) -> str:
    code = _xls_format(book, cell)
    if cell.ctype == xlrd.XL_CELL_DATE:
        serial = cell.value + (SINCE_1904 if book.datemode else 0)
        return number_formats.shown(serial, code or "yyyy-mm-dd")
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        is_whole = float(cell.value).is_integer() and abs(cell.value) < 1e15
        return number_formats.shown(int(cell.value) if is_whole else cell.value, code)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return str(bool(cell.value))
    if cell.ctype in {xlrd.XL_CELL_ERROR, xlrd.XL_CELL_EMPTY}:
        return ""
    return _text(number_formats.shown_text(str(cell.value), code))


def _xls_format(book: Any, cell: Any) -> str | None:
    """A cell's format code; None where the file was read without them."""
    if cell.xf_index is None or not 0 <= cell.xf_index < len(book.xf_list):
        return None
    found = book.format_map.get(book.xf_list[cell.xf_index].format_key)
    return None if found is None else found.format_str


def _ods(path: Path, filling: Filling) -> list[Sheet]:
    root = content_of(path)
    hidden = {
        style.get(f"{STYLE}name")
        for style in root.iter(f"{STYLE}style")
        for properties in style.iter(f"{STYLE}table-properties")
        if properties.get(f"{TABLE}display") == "false"
    }
    tables_ = list(root.iter(f"{TABLE}table"))
    seen = [table for table in tables_ if table.get(f"{TABLE}style-name") not in hidden]
    filling.hidden += len(tables_) - len(seen)
    return [_ods_sheet(table, filling) for table in seen]


def _ods_sheet(table: Any, filling: Filling) -> Sheet:
    merges: list[tables.Merge] = []
    rows = filling.rows(_ods_rows(table, merges))
    notes = [e for node in table.iter(f"{DRAW}*") for e in alternative(node)]
    notes += [e for node in table.iter(ANNOTATION) for e in comment(node)]
    return Sheet(table.get(f"{TABLE}name"), rows, merges, notes)


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


READERS: dict[str, Callable[[Path, Filling], list[Sheet]]] = {
    "xlsx": _xlsx,
    "xls": _xls,
    "ods": _ods,
    "csv": delimited.read,
}
PARSERS = {"xlsx": "openpyxl", "xls": "xlrd", "ods": "lxml", "csv": "csv"}
