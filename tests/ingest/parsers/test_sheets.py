"""Sheets: values as they are shown, what stands beside them, and what has no value."""

import datetime as dt
import re

import openpyxl
import pytest
import xlsxwriter
from openpyxl.comments import Comment

from ingest.parsers import libreoffice, parse_as
from ingest.parsers import parse as parse_here
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import COMMENT
from tests.parts.files import parse, text_of, with_part


CODES = (
    ("No.", 815, '"AB-"00000', "AB-00815"),
    ("Rate", 0.19, "0%", "19%"),
    ("Day", dt.datetime(2026, 3, 5), "DD.MM.YYYY", "05.03.2026"),
    ("Time", 1.13541666, "[h]:mm", "27:15"),
)


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_shown_values_in_both_kinds_of_workbook(kind, tmp_path):
    if kind == "xls" and libreoffice.program() is None:
        pytest.skip("LibreOffice is not installed")
    made = openpyxl.Workbook()
    for column, (name, value, code, _) in enumerate(CODES, 1):
        made.active.cell(1, column, name)
        made.active.cell(2, column, value).number_format = code
    path = tmp_path / "a.xlsx"
    made.save(path)
    path = path if kind == "xlsx" else libreoffice.convert(path, "xlsx", "xls")
    (table,) = parse(path).elements
    assert table.rows[1] == tuple(expected for *_, expected in CODES)


def formulas(path) -> None:
    made = openpyxl.Workbook()
    for row in (["Place", "Sum"], ["Hall nine", 4], ["Total", "=B2*10"]):
        made.active.append(row)
    made.save(path)


def test_formulas_without_a_value_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(libreoffice, "program", lambda: None)
    formulas(tmp_path / "a.xlsx")
    read = parse_as("xlsx", tmp_path / "a.xlsx", Options())  # not in a child, which has it
    assert [(n.code, n.parameters) for n in read.notices] == [
        ("formulas_without_value", {"formulas": 1})
    ]
    made = openpyxl.Workbook()
    made.active["A1"] = '="only "&"formulas"'
    made.save(tmp_path / "b.xlsx")
    with pytest.raises(FileProblem) as problem:
        parse_here(str(tmp_path / "b.xlsx"), "b.xlsx", Options())
    assert problem.value.code == "formulas_without_value"


@pytest.mark.skipif(libreoffice.program() is None, reason="LibreOffice is not installed")
def test_formulas_without_a_value_are_calculated(tmp_path):
    formulas(tmp_path / "a.xlsx")
    read = parse(tmp_path / "a.xlsx")
    assert "Total | 40" in text_of(read)
    assert not read.notices


def test_comments_boxes_charts_and_printed_headers(tmp_path):
    made = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = made.add_worksheet("Data")
    sheet.write_column("A1", ["Item", "Pump", "Valve"])
    sheet.write_column("B1", ["Price", 3, 4])
    sheet.write_comment("A2", "Reviewed by Marder", {"author": "Chief"})
    sheet.insert_textbox("D5", "Only for hall seventeen")
    sheet.set_header('&L&"Arial,Bold"Document QM-0815 &P of &N')
    chart = made.add_chart({"type": "bar"})
    chart.add_series({"values": "=Data!$B$2:$B$3", "name": "Output of plant Ulme"})
    chart.set_title({"name": "Production of hall 17"})
    sheet.insert_chart("D9", chart)
    made.close()
    found = [(e.kind, e.section, e.text) for e in parse(tmp_path / "a.xlsx").elements]
    assert found[0][2] == "Item | Price\nPump | 3\nValve | 4"
    assert ("NarrativeText", "Data", "Only for hall seventeen") in found
    assert ("FigureCaption", "Data", "Production of hall 17") in found
    assert ("FigureCaption", "Data", "Output of plant Ulme") in found
    comments = [text for _, section, text in found if section == COMMENT]
    assert len(comments) == 1
    assert re.fullmatch(r"Data!A2: (Chief:\s*)?Reviewed by Marder", comments[0])
    printed = [text for kind, _, text in found if kind == "Header"]
    assert printed == ["Document QM-0815 of"]


def test_comments_of_old_workbooks(tmp_path):
    """Against a workbook that LibreOffice wrote: xlwt writes none."""
    if libreoffice.program() is None:
        pytest.skip("LibreOffice is not installed")
    made = openpyxl.Workbook()
    made.active.append(["Item", "Price"])
    made.active.append(["Pump", 3])
    made.active["A2"].comment = Comment("Reviewed by Marder", "Chief")
    made.save(tmp_path / "a.xlsx")
    old = libreoffice.convert(tmp_path / "a.xlsx", "xlsx", "xls")
    comments = [e.text for e in parse(old).elements if e.section == COMMENT]
    assert len(comments) == 1
    assert "Reviewed by Marder" in comments[0]


def test_hidden_sheets_are_counted(tmp_path):
    made = openpyxl.Workbook()
    made.active.append(["Place", "Note"])
    for name in ("one", "two"):
        made.create_sheet(name).append(["secret"])
        made[name].sheet_state = "hidden"
    made.save(tmp_path / "a.xlsx")
    (notice,) = parse(tmp_path / "a.xlsx").notices
    assert (notice.code, notice.parameters) == ("hidden_sheets", {"sheets": 2})


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (["", 2022, 2023, 2024], [["Employees", 410, 433, 467], ["Sites", 3, 3, 4]]),
        (["Name", *(dt.datetime(2026, 3, d) for d in (2, 3, 4))], [["Ada", "S", "F", "F"]]),
        (["Name", 1, 2, 3, 4, 5], [["Ada", "S", "F", "F", "S", "S"], ["Ben", "", "S", "", "S", ""]]),
        ([2022, 2023], [[410, 433], [3, 4]]),
    ],
)  # fmt: skip
def test_years_days_and_dates_name_columns(header, rows, tmp_path):
    made = openpyxl.Workbook()
    for row in (header, *rows):
        made.active.append(row)
    made.save(tmp_path / "a.xlsx")
    (table,) = parse(tmp_path / "a.xlsx").elements
    assert table.header_rows == 1


@pytest.mark.parametrize("rows", [[[1, 2, 3], [4, 5, 6]], [["Ada", 7, 3, 9], ["Ben", 8, 1, 2]]])
def test_figures_name_no_columns(rows, tmp_path):
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    made.save(tmp_path / "a.xlsx")
    (table,) = parse(tmp_path / "a.xlsx").elements
    assert table.header_rows == 0


def test_tables_side_by_side_each_have_their_header(tmp_path):
    made = openpyxl.Workbook()
    for row in (["Region", "Revenue", None, "Product", "Units"], ["North", 10, None, "Pump", 5]):
        made.active.append(row)
    made.save(tmp_path / "a.xlsx")
    assert [e.rows for e in parse(tmp_path / "a.xlsx").elements] == [
        (("Region", "Revenue"), ("North", "10")), (("Product", "Units"), ("Pump", "5")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "cells"),
    [
        ("Report, first half\nA;B\n1,5;2,5\n3,5;4,5\n", ("1,5", "2,5")),
        ("Report 2025\n\nRegion;Sales\nNorth;1.234,56\nSouth;2,5\n", ("North", "1.234,56")),
        ('a,b\n"x, y",2\nz; w,3\n', ("x, y", "2")),
        ("sep=|\na|b\n1;2|3;4\n", ("1;2", "3;4")),
        ("a\tb\n1,2\t3;4\n", ("1,2", "3;4")),
        ('"q ""r""",b\n1,2\n', ("1", "2")),
    ],
)
def test_csv_is_cut_where_all_lines_are(source, cells, tmp_path):
    (tmp_path / "a.csv").write_text(source)
    assert any(e.rows and cells in e.rows for e in parse(tmp_path / "a.csv").elements)


def test_a_damaged_drawing_costs_only_itself(tmp_path):
    made = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = made.add_worksheet("Data")
    sheet.write_row("A1", ["Item", "Price"])
    sheet.insert_textbox("D5", "in a box")
    made.close()
    drawing = "xl/drawings/drawing1.xml"
    with_part(tmp_path / "a.xlsx", tmp_path / "b.xlsx", drawing, lambda _: b"<x")
    read = parse(tmp_path / "b.xlsx")
    assert "Item | Price" in text_of(read)
    assert [n.code for n in read.notices] == ["parts_unread"]
