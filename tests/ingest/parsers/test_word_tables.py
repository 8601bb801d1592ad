"""Word: cells that are merged, in the rows and columns that they belong to."""

import docx
import pytest

from tests.parts.files import parse
from tests.parts.wordprocessing import paragraph, run, written


def test_merged_cells_belong_to_each_of_their_rows_and_columns(tmp_path):
    made = docx.Document()
    table = made.add_table(rows=4, cols=3)
    for row, values in enumerate((("Team", "2024", "2025"), ("", "H1", "H1"), ("Red", "1", "2"))):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    table.cell(0, 0).merge(table.cell(1, 0)).text = "Team"
    table.cell(2, 0).merge(table.cell(3, 0)).text = "Red"
    table.cell(3, 1).text, table.cell(3, 2).text = "3", "4"
    made.save(tmp_path / "a.docx")
    rows = parse(tmp_path / "a.docx").elements[0].rows
    assert rows == (
        ("Team", "2024", "2025"), ("Team", "H1", "H1"), ("Red", "1", "2"), ("Red", "3", "4"),
    )  # fmt: skip


@pytest.mark.parametrize("rows", [3, 1500])
def test_no_cell_is_lost_to_a_merge_that_begins_nowhere_or_never_ends(rows, tmp_path):
    merged = "<w:tcPr><w:vMerge/></w:tcPr>"
    row = "<w:tr><w:tc>{}{}</w:tc><w:tc>{}</w:tc></w:tr>"
    written(
        tmp_path / "a.docx",
        "<w:tbl>"
        + "".join(
            row.format(merged, paragraph(run("Red") if not n else ""), paragraph(run(f"n{n}")))
            for n in range(rows)
        )
        + "</w:tbl>",
    )
    (table,) = parse(tmp_path / "a.docx").elements
    assert table.rows == tuple(("Red", f"n{n}") for n in range(rows))


def test_a_table_within_a_cell_is_read_in_its_place(tmp_path):
    made = docx.Document()
    outer = made.add_table(2, 2)
    for cell, text in zip(outer.rows[0].cells, ("Machine", "Prices"), strict=True):
        cell.text = text
    outer.rows[1].cells[0].text = "Motor"
    inner = outer.rows[1].cells[1].add_table(2, 2)
    for cell, text in zip(
        (c for row in inner.rows for c in row.cells),
        ("Size", "Price", "XL", "912 EUR"),
        strict=True,
    ):
        cell.text = text
    made.save(tmp_path / "a.docx")
    [table] = parse(tmp_path / "a.docx").elements
    assert [list(row) for row in table.rows] == [
        ["Machine", "Prices"], ["Motor", "Size Price XL 912 EUR"],
    ]  # fmt: skip
