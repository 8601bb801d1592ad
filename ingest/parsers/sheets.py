"""Sheets: xlsx by lxml, xls by xlrd, OpenDocument by lxml, CSV by the standard library.

unstructured reads sheets through pandas, which knows neither merged cells nor hidden sheets and
takes the first row for a header whatever it holds (docs/adr/0002). Hidden sheets are left out.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xlrd

from ingest.parsers import (
    delimited,
    hidden,
    libreoffice,
    number_formats,
    opendocument_sheets,
    packages,
    tables,
    workbooks,
)
from ingest.parsers.date_formats import SINCE_1904
from ingest.parsers.filling import Filling
from ingest.parsers.hiding import Hidden
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.ooxml import UNREADABLE, Package, S
from ingest.parsers.options import Options
from ingest.parsers.spreadsheets import Workbook
from ingest.parsers.tables import MAX_CELLS, Sheet
from ingest.parsers.workbooks import SheetPart
from kb.errors import FileProblem
from kb.types.parsed import COMMENT, Element, Parsed

CALCULATING = 50.0
"""Seconds that LibreOffice has for a workbook's formulas, less than half of what a parser has
(``ingest.parse_seconds``): a formula that never ends costs its value, not the workbook."""
OTHER_SHEETS = {f"{S}chartsheet", f"{S}dialogsheet"}
"""What sheets without cells begin with."""


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
    try:
        packages.check(path)
        if packages.is_strict(path):
            filling.converted = True
            path = libreoffice.convert(path, "xlsx", "xlsx")
        with Package(_calculated(path, filling)) as package:
            return _workbook(package, filling)
    except UNREADABLE as error:
        raise packages.refused("workbook", error) from error


def _calculated(path: Path, filling: Filling) -> Path:
    """The workbook with values: LibreOffice calculates those that nobody has stored."""
    filling.valueless = _valueless(path)
    if not filling.valueless or libreoffice.program() is None:
        return path
    try:
        calculated = libreoffice.convert(path, "xlsx", "xlsx", CALCULATING)
        left = _valueless(calculated)
    except (FileProblem, *UNREADABLE):
        return path  # the ledger says that values are missing
    filling.converted, filling.valueless = True, left
    return calculated


def _valueless(path: Path) -> int:
    with Package(path) as package:
        seen = [part for part in workbooks.parts(package) if not part.is_hidden]
        return workbooks.valueless(package, seen)


def _workbook(package: Package, filling: Filling) -> list[Sheet]:
    book = Workbook(package)
    parts = workbooks.parts(package)
    seen = [part for part in parts if not part.is_hidden]
    filling.hidden += len(parts) - len(seen)
    sheets = [_xlsx_sheet(book, part, package, filling) for part in seen]
    filled = {sheet.name or "" for sheet in sheets if sheet.rows}
    for part, sheet in zip(seen, sheets, strict=True):
        sheet.beside += workbooks.beside(package, part, filled)
    filling.unread += len(package.unread)
    filling.cut += len(package.cut)
    return sheets


def _xlsx_sheet(book: Workbook, part: SheetPart, package: Package, filling: Filling) -> Sheet:
    if package.tag(part.target) in OTHER_SHEETS:
        return Sheet(part.name, [])
    grid = book.grid(part.target, filling.left)
    if not grid.is_whole:
        package.unread.add(part.target)
    filling.blank += grid.blank
    filling.is_full = filling.is_full or grid.is_cut
    sheet = Sheet(part.name, filling.rows(grid.rows), grid.merges)
    sheet.beside += hidden.elements(grid.pale)
    return filling.seen(sheet, grid.hidden)


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
        [_xls_cell(book, cell, filling) for cell in sheet.row(number)]
        for number in range(sheet.nrows)
    )
    merges = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
    notes = [
        _comment(f"{sheet.name}!{xlrd.cellname(*place)}", _text(note.text))
        for place, note in sorted(sheet.cell_note_map.items())
        if note.text.strip()
    ]
    return filling.seen(Sheet(sheet.name, rows, merges, notes), _xls_hidden(sheet))


def _xls_hidden(sheet: Any) -> Hidden:
    """Rows and columns that are hidden, and not in a group that unfolds."""
    return Hidden(
        *(
            frozenset(n for n, one in known.items() if one.hidden and not one.outline_level)
            for known in (sheet.rowinfo_map, sheet.colinfo_map)
        )
    )


def _comment(place: str, text: str) -> Element:
    return Element(kind="NarrativeText", text=f"{place}: {text}", section=COMMENT)


def _xls_cell(book: Any, cell: Any, filling: Filling) -> str:
    text = _xls_shown(book, cell)
    is_blank = cell.ctype in {xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_TEXT, xlrd.XL_CELL_DATE}
    filling.blank += not text and is_blank and bool(str(cell.value).strip()) and cell.value != 0
    return text


def _xls_shown(book: Any, cell: Any) -> str:
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


READERS: dict[str, Callable[[Path, Filling], list[Sheet]]] = {
    "xlsx": _xlsx,
    "xls": _xls,
    "ods": opendocument_sheets.read,
    "csv": delimited.read,
}
PARSERS = {"xlsx": "lxml", "xls": "xlrd", "ods": "lxml", "csv": "csv"}
