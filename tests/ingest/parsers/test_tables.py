"""Tables stay tables: merged cells, headers, hidden sheets, several on a sheet."""

from pathlib import Path

import openpyxl

from tests.parts.files import ods, parse, text_of


def table_of(path: Path):
    return next(e for e in parse(path).elements if e.rows)


def test_merged_cells_and_headers_of_two_lines(tmp_path):
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "Fleet"
    sheet["A1"] = "Buses of the north depot"
    sheet.merge_cells("A1:D1")
    for row in (["Bus", "Cost", None, "Driver"], [None, "2024", "2025", None]):
        sheet.append(row)
    sheet.merge_cells("B2:C2")
    sheet.merge_cells("A2:A3")
    sheet.append(["LT-1", 100, 0.125, "Ada"])
    sheet["C4"].number_format = "0.0%"
    sheet.append(["LT-2", 200, 300, "Ben"])
    sheet.merge_cells("D4:D5")
    path = tmp_path / "fleet.xlsx"
    made.save(path)
    elements = parse(path).elements
    assert [e.text for e in elements if e.kind == "Title"] == ["Buses of the north depot"]
    table = table_of(path)
    assert table.section == "Fleet"
    assert table.header_rows == 2
    assert table.rows[0][:3] == ("Bus", "Cost", "Cost")
    assert table.rows[1][:3] == ("Bus", "2024", "2025")
    assert table.rows[2] == ("LT-1", "100", "12.5%", "Ada")
    assert table.rows[3] == ("LT-2", "200", "300", "Ada")


def test_hidden_sheets_are_left_out(tmp_path):
    made = openpyxl.Workbook()
    made.active.append(["Place", "Note"])
    made.active.append(["Hall", "Pump"])
    secret = made.create_sheet("Old")
    secret.append(["hidden figure", 4711])
    secret.sheet_state = "hidden"
    made.save(tmp_path / "a.xlsx")
    assert "hidden" not in text_of(parse(tmp_path / "a.xlsx"))
    ods(tmp_path / "a.ods")
    assert "hidden" not in text_of(parse(tmp_path / "a.ods"))


def test_a_long_table_repeats_its_whole_header():
    from ingest.parsers import tables
    from ingest.reading import chunking

    rows = [["Bus", "Cost"], ["", "in euros"], *([f"LT-{n}", str(n * 7)] for n in range(300))]
    element = tables.table(rows, 2, "Fleet")
    count = lambda texts: [len(t.split()) for t in texts]
    chunks = chunking.chunk([element], "fleet.xlsx", count, 60)
    assert len(chunks) > 10
    for chunk in chunks:
        assert chunk.text.startswith("Bus | Cost\n | in euros\n")
        assert len(chunk.embedded_text.split()) <= 60


def test_several_tables_on_one_sheet_each_have_their_header(tmp_path):
    made = openpyxl.Workbook()
    for row in (["Bus", "Cost"], ["LT-1", 5], [], ["Driver", "Phone"], ["Ada", "0551"]):
        made.active.append(row)
    made.save(tmp_path / "a.xlsx")
    tables = [e for e in parse(tmp_path / "a.xlsx").elements if e.rows]
    assert [t.rows[0] for t in tables] == [("Bus", "Cost"), ("Driver", "Phone")]


def test_cells_of_a_web_page_stand_in_each_of_their_places(tmp_path):
    cells = [
        '<th colspan="3">Shifts of all teams</th>', "<th>Team</th><th>Shift</th><th>Hours</th>",
        '<td rowspan="2">Red</td><td>Early</td><td>06-14</td>', "<td>Late</td><td>14-22</td>",
        '<td>Blue</td><td colspan="2">as agreed</td>', '<td>Green</td><td rowspan="99">x</td><td>y</td>',
    ]  # fmt: skip
    rows = "".join(f"<tr>{row}</tr>" for row in cells)
    (tmp_path / "a.html").write_text(f"<html><body><table>{rows}</table></body></html>")
    rows = table_of(tmp_path / "a.html").rows
    assert rows[1:] == (
        ("Team", "Shift", "Hours"), ("Red", "Early", "06-14"), ("Red", "Late", "14-22"),
        ("Blue", "as agreed", "as agreed"), ("Green", "x", "y"),
    )  # fmt: skip


def test_spans_that_ask_for_a_million_places_are_left_aside(tmp_path):
    wide = "".join(
        '<tr><td colspan="1000" rowspan="1000">words here</td></tr>' for _ in range(1000)
    )
    (tmp_path / "a.html").write_text(f"<html><body><table>{wide}</table></body></html>")
    assert "words here" in text_of(parse(tmp_path / "a.html"))
