"""Files that say that they are endless: what is read of them is bounded, and the ledger says so."""

import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from ingest.parsers import charts, office, tables
from ingest.parsers.word import cells
from kb.types.parsed import HIDDEN
from tests.parts.files import ODF, cell, opendocument, parse, text_of
from tests.parts.wordprocessing import SPACES, field_char, framed, paragraph, run, tracked, written

SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def workbook(path: Path, sheet: str, strings: str = "") -> None:
    """One sheet as its XML, and the texts that its cells refer to."""
    related = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, kind, target in ((1, "worksheet", "worksheets/a.xml"), (2, "sharedStrings", "s.xml"))
    )
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{related}</Relationships>',
        "xl/worksheets/a.xml": f'<worksheet xmlns="{SHEET}">{sheet}</worksheet>',
        "xl/s.xml": f'<sst xmlns="{SHEET}">{strings}</sst>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)


def codes(path: Path) -> set[str]:
    read = parse(path)
    return {notice.code for notice in read.notices} | ({read.problem} - {None})


def test_spans_of_word_are_bounded(tmp_path):
    wide = f'<w:tc><w:tcPr><w:gridSpan w:val="100000000"/></w:tcPr>{paragraph(run("wide"))}</w:tc>'
    written(tmp_path / "a.docx", f"<w:tbl>{f'<w:tr>{wide}{wide}</w:tr>' * 200}</w:tbl>")
    (table,) = parse(tmp_path / "a.docx").elements
    assert sum(len(row) for row in table.rows or ()) < cells.MOST_PLACES * 4
    assert table.text.count("wide") >= 400


def test_inserted_files_are_bounded(tmp_path):
    written(
        tmp_path / "a.docx",
        '<w:altChunk r:id="a.htm"/>' * 3000 + paragraph(run("The end.")),
        {"a.htm": ("aFChunk", "<html><body><p>Imported words.</p></body></html>")},
    )
    read = parse(tmp_path / "a.docx")
    assert text_of(read).count("Imported words.") == 100
    assert [(n.code, n.parameters) for n in read.notices] == [("cut_short", {"parts": 2900})]


def test_charts_are_bounded_and_read_once(tmp_path):
    point = '<c:pt idx="9999999"><c:v>7</c:v></c:pt><c:pt idx="9999"><c:v>8</c:v></c:pt>'
    series = f"<c:ser><c:val><c:numRef><c:numCache>{point}</c:numCache></c:numRef></c:val></c:ser>"
    chart = f"<c:chartSpace {SPACES}><c:chart>{series * 3000}</c:chart></c:chartSpace>"
    written(
        tmp_path / "a.docx",
        framed('<c:chart r:id="c.xml"/>') * 500 + paragraph(run("The end.")),
        {"c.xml": ("chart", chart)},
    )
    read = parse(tmp_path / "a.docx")
    assert [(n.code, n.parameters) for n in read.notices] == [("cut_short", {"parts": 1})]
    tables_ = [e for e in read.elements if e.kind == "Table"]
    assert len(tables_) == 1
    assert sum(len(row) for row in tables_[0].rows or ()) <= charts.MOST_CELLS


@pytest.mark.parametrize(("dimensions", "said"), [(1, []), (3, ["cut_short"])])
def test_points_of_newer_charts_are_bounded_and_said(dimensions, said, tmp_path):
    space = 'xmlns:cx="http://schemas.microsoft.com/office/drawing/2014/chartex"'
    points = "".join(f'<cx:pt idx="{n}">p{n}</cx:pt>' for n in range(5000))
    data = f"<cx:strDim><cx:lvl>{points}</cx:lvl></cx:strDim>" * dimensions
    written(
        tmp_path / "a.docx",
        framed(f'<cx:chart {space} r:id="c.xml"/>'),
        {"c.xml": ("chartEx", f"<cx:chartSpace {space}>{data}</cx:chartSpace>")},
    )
    assert [n.code for n in parse(tmp_path / "a.docx").notices] == said


def test_a_long_chart_whose_sheet_is_read_lacks_nothing(tmp_path):
    made = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet, numbers = made.add_worksheet("Data"), list(range(1, 12_001))
    sheet.write_column("A1", numbers)
    chart = made.add_chart({"type": "line"})
    chart.add_series({"values": "=Data!$A$1:$A$12000", "values_data": numbers})
    made.add_worksheet("Chart").insert_chart("A1", chart)
    made.close()
    read = parse(tmp_path / "a.xlsx")
    assert not read.notices
    assert text_of(read).split() == [str(n) for n in numbers]


def test_changes_and_fields_within_one_another_are_read(tmp_path):
    gone = f"<w:pPr><w:rPr>{tracked('del', '')}</w:rPr></w:pPr>"
    opened = (field_char("begin") + field_char("separate")) * 3000
    written(
        tmp_path / "a.docx",
        "".join(paragraph(gone + run(f"n{n} ")) for n in range(4000))
        + paragraph(opened + run("a") * 4000),
    )
    text = text_of(parse(tmp_path / "a.docx"))
    assert text.split()[:3] == ["n0", "n1", "n2"]
    assert "n3999" in text and text.count("a") == 4000


def test_empty_rows_cost_nothing_and_far_cells_are_said(tmp_path):
    rows = "".join(f'<row r="{n}" s="1"><c r="A{n}" s="1"/></row>' for n in range(1, 200_001))
    end = '<row r="1048576"><c r="B1048576" t="str"><v>the last</v></c></row>'
    workbook(tmp_path / "a.xlsx", f"<sheetData>{rows}{end}</sheetData>")
    assert text_of(parse(tmp_path / "a.xlsx")) == "the last"
    far = "".join(
        f'<row r="{n}"><c r="XFD{n}" t="str"><v>far</v></c></row>' for n in range(1, 1000)
    )
    workbook(tmp_path / "b.xlsx", f"<sheetData>{far}</sheetData>")
    assert codes(tmp_path / "b.xlsx") == {"cells_left_out"}


def test_one_long_text_in_every_cell_is_bounded(tmp_path):
    cells_ = '<c t="s"><v>0</v></c>' * 100
    workbook(
        tmp_path / "a.xlsx",
        f"<sheetData>{f'<row>{cells_}</row>' * 500}</sheetData>",
        f"<si><t>{'word ' * 6000}</t></si>",
    )
    read = parse(tmp_path / "a.xlsx")
    assert read.problem == "cells_left_out"
    assert len(text_of(read)) < tables.MAX_CHARACTERS * 1.1


def test_merged_cells_of_long_texts_are_bounded(tmp_path):
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="str"><v>{"w" * 2000}</v></c></row>' for n in range(1, 501)
    )
    merges = "".join(f'<mergeCell ref="A{n}:CV{n + 90}"/>' for n in range(1, 501))
    sheet = f"<sheetData>{rows}</sheetData><mergeCells>{merges}</mergeCells>"
    workbook(tmp_path / "a.xlsx", sheet)
    assert len(text_of(parse(tmp_path / "a.xlsx"))) < 2000 * 500 + 2 * tables.MOST_REPEATED


def test_repeated_cells_of_opendocument_are_bounded_and_said(tmp_path):
    row = cell("x1", 'table:number-columns-repeated="100000000"') * 3
    opendocument(
        tmp_path / "a.ods",
        "spreadsheet",
        '<table:table table:name="A"><table:table-row table:number-rows-repeated="1000000000">'
        f"{row}</table:table-row></table:table>",
    )
    assert codes(tmp_path / "a.ods") == {"cells_left_out", "cut_short"}


def test_an_object_of_opendocument_is_read_once_however_often_it_is_named(tmp_path):
    frame = (
        '<draw:frame><draw:object xmlns:xlink="http://www.w3.org/1999/xlink" '
        'xlink:href="./Object 1"/></draw:frame>'
    )
    body = f"<office:text><text:p>The text.{frame * 500}</text:p></office:text>"
    opendocument(tmp_path / "a.odt", "text", body)
    with zipfile.ZipFile(tmp_path / "a.odt", "a") as package:
        chart = ODF.format(styles="", body="<text:p>Output of hall 17</text:p>")
        package.writestr("Object 1/content.xml", chart)
    assert text_of(parse(tmp_path / "a.odt")).count("Output of hall 17") == 1


@pytest.mark.parametrize("tag", ["div", "font", "b", "section"])
def test_elements_that_nobody_closed_hide_nothing(tag):
    source = "".join(f"<{tag}>word{n} <br>" for n in range(700))
    elements = office.elements_of_text(f"<html><body>{source}</body></html>", "html")
    found = " ".join(e.text for e in elements).split()
    assert [word for word in found if word.startswith("word")] == [f"word{n}" for n in range(700)]


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("tag", ["div", "span", "table><tr><td"])
def test_a_page_deeper_than_any_parser_goes_loses_no_word(tag, ends):
    opened = "".join(f"<{tag}>word{n} " for n in range(3000))
    closed = "".join(f"</{name}>" for name in reversed(tag.split("><"))) * 3000 if ends else ""
    source = f"<html><body>{opened}{closed}<p>the last words</p></body></html>"
    elements = office.elements_of_text(source, "html")
    found = " ".join(e.text for e in elements).replace("|", " ").split()
    assert [word for word in found if word.startswith("word")][:3000] == [
        *(f"word{n}" for n in range(3000)), "words",
    ][:3000]  # fmt: skip
    assert found[-3:] == ["the", "last", "words"]


def test_a_comment_that_nobody_closed_goes_to_the_end():
    elements = office.elements_of_text("<p>seen words</p><!-- <p>other</p> <!-- words", "html")
    assert [e.text for e in elements] == ["seen words"]
    assert office.elements_of_text("<!--" * 1000 + "words", "html") == []


def test_what_is_hidden_deep_within_stays_hidden():
    source = f"{'<div>' * 400}<p>seen words</p><p style='display:none'>secret words</p>"
    elements = office.elements_of_text(f"<html><body>{source}</body></html>", "html")
    assert [(e.text, e.section) for e in elements] == [
        ("seen words", None), ("secret words", HIDDEN),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        f"<style>{'/*' * 100_000}</style><p style='color:red'>some words</p>",
        f"<style>a{' ' * 200_000}b{{color:red}}</style><p style='color:red'>some words</p>",
        f"<style>{'a b c d e p{color:red}' * 300}</style>{'<div>' * 140}<p>some words</p>",
        f"<table>{'<tr><td rowspan=1000 colspan=1000>some words</td></tr>' * 500}</table>",
    ],
)
def test_sheets_and_spans_of_a_page_are_bounded(source):
    elements = office.elements_of_text(f"<html><body>{source}</body></html>", "html")
    assert "some words" in " ".join(e.text for e in elements)


def test_a_page_with_more_rules_than_are_compared_says_so(tmp_path):
    rules = "".join(f"p.c{n}{{color:#00{n % 10}}}" for n in range(4000))
    (tmp_path / "a.html").write_text(
        f"<html><head><style>{rules}</style></head><body><p class='c1'>words</p></body></html>"
    )
    assert codes(tmp_path / "a.html") == {"cut_short"}
