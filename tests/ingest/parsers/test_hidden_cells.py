"""Rows, columns and cells of sheets that nobody sees are left out and counted; a click's are read."""

import openpyxl
import pytest
import xlsxwriter
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.table import Table

from ingest.parsers import hiding, libreoffice
from kb.surface import reasons
from kb.types.parsed import HIDDEN, Parsed
from tests.parts.files import cell, opendocument, parse, problem_of, text_of

ROWS = (["Name", "Wage", "Hall"], ["Ada", 11, "north"], ["Ben", 12, "south"], ["Cem", 13, "west"])


def workbook(path, change) -> Parsed:
    made = openpyxl.Workbook()
    for row in ROWS:
        made.active.append(row)
    change(made.active)
    made.save(path)
    return parse(path)


def told(parsed: Parsed) -> dict[str, dict]:
    return {n.code: n.parameters for n in parsed.notices}


def hide(sheet) -> None:
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["B"].hidden = True


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_what_is_hidden_by_hand_is_left_out_and_said(kind, tmp_path):
    if kind != "xlsx" and libreoffice.program() is None:
        pytest.skip("LibreOffice is not installed")
    path = tmp_path / "a.xlsx"
    workbook(path, hide)
    path = path if kind == "xlsx" else libreoffice.convert(path, "xlsx", kind)
    read = parse(path)
    assert text_of(read) == "Name | Hall\nAda | north\nCem | west"
    assert told(read) == {"hidden_cells": {"rows": 1, "columns": 1, "cells": 0}}
    said = reasons.render("hidden_cells", told(read)["hidden_cells"])
    assert "rows: 1, columns: 1" in (said or "")


def fold(sheet) -> None:
    sheet.row_dimensions.group(3, 4, hidden=True)


def choose(sheet) -> None:
    sheet.auto_filter.ref = "A1:C4"
    sheet.auto_filter.add_filter_column(0, ["Ada"])
    for row in (3, 4):
        sheet.row_dimensions[row].hidden = True


def choose_in_a_table(sheet) -> None:
    table = Table(displayName="Staff", ref="A1:C4")
    table._initialise_columns()
    table.autoFilter.add_filter_column(0, ["Ada"])
    sheet.add_table(table)
    for row in (3, 4):
        sheet.row_dimensions[row].hidden = True


@pytest.mark.parametrize("change", [fold, choose, choose_in_a_table])
def test_what_a_filter_or_a_folded_group_hides_is_read(change, tmp_path):
    read = workbook(tmp_path / "a.xlsx", change)
    assert "Ben | 12 | south\nCem | 13 | west" in text_of(read)
    assert not read.notices


def test_cells_that_show_nothing_are_counted(tmp_path):
    def change(sheet) -> None:
        sheet["B2"].number_format = sheet["C2"].number_format = ";;;"
        sheet["B3"].number_format = "0;-0;;@"
        sheet["B3"] = 0

    read = workbook(tmp_path / "a.xlsx", change)
    assert text_of(read) == "Name | Wage | Hall\nAda |  | \nBen |  | south\nCem | 13 | west"
    assert told(read) == {"hidden_cells": {"rows": 0, "columns": 0, "cells": 2}}


def test_letters_in_the_colour_of_the_page_are_kept_apart(tmp_path):
    def change(sheet) -> None:
        sheet["C2"].font = sheet["A1"].font = Font(color="FFFFFFFF")
        sheet["A1"].fill = PatternFill("solid", fgColor="FF002244")

    read = workbook(tmp_path / "a.xlsx", change)
    assert [e.text for e in read.elements if e.section == HIDDEN] == ["north"]
    seen = [e.text for e in read.elements if e.section != HIDDEN]
    assert seen == ["Name | Wage | Hall\nAda | 11 | \nBen | 12 | south\nCem | 13 | west"]


def test_a_merged_value_stays_where_its_first_row_is_hidden():
    rows = [["Team", "Day"], ["Red", "1"], ["", "2"], ["", "3"], ["Blue", "4"]]
    left, merges, lost = hiding.without(
        rows, [(1, 0, 3, 0)], hiding.Hidden(frozenset({1}), frozenset())
    )
    assert left == [["Team", "Day"], ["Red", "2"], ["", "3"], ["Blue", "4"]]
    assert merges == [(1, 0, 2, 0)]
    assert lost == (1, 0)


def test_a_workbook_whose_rows_are_all_hidden_says_so(tmp_path):
    made = openpyxl.Workbook()
    made.active.append(["the secret"])
    made.active.row_dimensions[1].hidden = True
    made.save(tmp_path / "a.xlsx")
    assert problem_of(tmp_path / "a.xlsx").code == "hidden_cells"


def test_opendocument_rows_that_a_filter_hides_are_read(tmp_path):
    row = "<table:table-row {}>{}</table:table-row>"
    rows = (
        row.format("", cell("Name") + cell("Hall"))
        + row.format('table:visibility="filter"', cell("Ada") + cell("north"))
        + row.format('table:visibility="collapse"', cell("Ben") + cell("south"))
    )
    opendocument(
        tmp_path / "a.ods", "spreadsheet", f'<table:table table:name="A">{rows}</table:table>'
    )
    read = parse(tmp_path / "a.ods")
    assert text_of(read) == "Name | Hall\nAda | north"
    assert told(read)["hidden_cells"]["rows"] == 1


def test_a_chart_of_a_sheet_that_is_not_read_has_its_values(tmp_path):
    made = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    data = made.add_worksheet("Data")
    data.write_column("A1", ["north", "south"])
    data.write_column("B1", [3172, 4188])
    chart = made.add_chart({"type": "bar"})
    cached = {"categories_data": ["north", "south"], "values_data": [3172, 4188]}
    chart.add_series(
        {"categories": "=Data!$A$1:$A$2", "values": "=Data!$B$1:$B$2", "name": "Output", **cached}
    )
    chart.set_title({"name": "Production of hall 17"})
    made.add_chartsheet("Chart").set_chart(chart)
    made.get_worksheet_by_name("Data").hide()
    made.worksheets()[1].activate()
    made.close()
    found = [(e.kind, e.text) for e in parse(tmp_path / "a.xlsx").elements]
    assert ("FigureCaption", "Production of hall 17") in found
    assert ("Table", " | Output\nnorth | 3172\nsouth | 4188") in found
