"""Tables of a PDF: rows with their header, by borders and without, over pages."""

import pytest
from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from tests.parts.files import parse

NORMAL = getSampleStyleSheet()["Normal"]
HEADER = ["Part", "Description", "Price"]
PARTS = [[f"AB-{1000 + n}/5", f"Bracket type {n}", f"{n * 1.25:.2f} EUR"] for n in range(80)]
GRID = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)])


def tables_of(path):
    return [e for e in parse(path).elements if e.kind == "Table"]


def printed(path, rows, style=None, **options):
    table = Table(rows, **options)
    if style:
        table.setStyle(style)
    SimpleDocTemplate(str(path)).build([Paragraph("Price list", NORMAL), table])


@pytest.mark.parametrize("style", [None, GRID], ids=["no borders", "borders"])
@pytest.mark.parametrize("repeated", [0, 1], ids=["header once", "header on each page"])
def test_a_row_stands_with_its_header_on_every_page(tmp_path, style, repeated):
    printed(tmp_path / "a.pdf", [HEADER, *PARTS], style, repeatRows=repeated,
            colWidths=[100, 220, 100])  # fmt: skip
    found = tables_of(tmp_path / "a.pdf")
    assert len(found) >= 2
    assert {e.rows[0] for e in found} == {tuple(HEADER)}
    assert {e.header_rows for e in found} == {1}
    assert [row for e in found for row in e.rows[1:]] == [tuple(row) for row in PARTS]
    assert [e.page for e in found] == sorted({e.page for e in found})


def test_each_row_has_its_place(tmp_path):
    printed(tmp_path / "a.pdf", [HEADER, *PARTS[:5]], GRID)
    [table] = tables_of(tmp_path / "a.pdf")
    said = [table.text[line.start : line.end] for line in table.lines]
    assert said == [" | ".join(row) for row in [HEADER, *PARTS[:5]]]
    tops = [line.box[1] for line in table.lines]
    assert tops == sorted(tops)
    assert all(0 < b - a < 0.05 for a, b in zip(tops, tops[1:], strict=False))


def test_a_cell_of_several_lines_is_one_text(tmp_path):
    long = "A bracket that holds the pump of hall nine on its stand, and is oiled every spring."
    rows = [HEADER, ["AB-1", Paragraph(long, NORMAL), "3.50 EUR"], ["AB-2", "A bolt", "0.20 EUR"]]
    printed(tmp_path / "a.pdf", rows, GRID, colWidths=[80, 150, 80])
    [table] = tables_of(tmp_path / "a.pdf")
    assert table.rows == (tuple(HEADER), ("AB-1", long, "3.50 EUR"), ("AB-2", "A bolt", "0.20 EUR"))


def test_currencies_that_stand_apart_are_their_figures(tmp_path):
    """As in annual reports: a dollar at the left of its column, the figure at the right."""
    canvas = Canvas(str(tmp_path / "a.pdf"))
    rows = (("", "2025", "2024"), ("Net sales", "14,694", "14,544"), ("Costs", "(1,125)", "(980)"),
            ("Net income", "1,048", "805"))  # fmt: skip
    for n, (name, *figures) in enumerate(rows):
        y = 700 - 16 * n
        canvas.drawString(60, y, name)
        for x, figure in zip((360, 480), figures, strict=True):
            canvas.drawRightString(x, y, figure)
            if n in {1, 3}:
                canvas.drawString(x - 70, y, "$")
    canvas.save()
    [table] = tables_of(tmp_path / "a.pdf")
    assert table.header_rows == 1
    assert table.rows == (
        ("", "2025", "2024"),
        ("Net sales", "$ 14,694", "$ 14,544"),
        ("Costs", "(1,125)", "(980)"),
        ("Net income", "$ 1,048", "$ 805"),
    )


def test_lists_and_justified_text_are_no_tables(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"))
    for n in range(5):
        canvas.drawString(60, 760 - 16 * n, "•")
        canvas.drawString(90, 760 - 16 * n, f"Point {n} of the list that somebody made")
        canvas.drawString(60, 600 - 16 * n, f"{n + 1}.")
        canvas.drawString(90, 600 - 16 * n, f"Step {n} that has to be done in spring")
        canvas.drawString(60, 400 - 16 * n, "Words that are")
        canvas.drawString(170 + 13 * (n % 3), 400 - 16 * n, "set far apart")
        canvas.drawString(290 - 17 * (n % 2), 400 - 16 * n, "in a line")
    canvas.save()
    assert tables_of(tmp_path / "a.pdf") == []


def test_boxes_around_prose_cut_no_word(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"))
    for x in (50, 210, 390, 540):
        canvas.line(x, 600, x, 760)
    for y in (600, 640, 700, 760):
        canvas.line(50, y, 540, y)
    sentence = "Everybody who works in the archive of hall nine is told where the key is kept."
    for n in range(8):
        canvas.drawString(55, 745 - 18 * n, sentence)
    canvas.save()
    text = " ".join(e.text.replace(" |", "") for e in parse(tmp_path / "a.pdf").elements)
    assert set(sentence.split()) <= set(text.split())


def test_a_currency_in_a_column_of_its_own_stays_there(tmp_path):
    """Behind a figure, or before it: whose it is, the page does not say."""
    rows = [
        ["Part", "Net", "", "Gross"],
        *([f"P{n}", f"{n}.00", "EUR", f"{n}.19"] for n in range(4)),
    ]
    printed(tmp_path / "a.pdf", rows, GRID, colWidths=[100, 80, 50, 80])
    [table] = tables_of(tmp_path / "a.pdf")
    assert table.rows[2] == ("P1", "1.00", "EUR", "1.19")


def test_a_row_of_words_below_the_header_is_no_header(tmp_path):
    rows = [HEADER, ["AB-1", "Bracket", "on request"], ["AB-2", "Bolt", "3.00"]]
    printed(tmp_path / "a.pdf", rows, GRID)
    [table] = tables_of(tmp_path / "a.pdf")
    assert (table.header_rows, table.rows) == (1, tuple(map(tuple, rows)))


def test_headers_of_two_lines_have_an_empty_corner(tmp_path):
    rows = [["", "2025", "", "2024", ""], ["Item", "Plan", "Real", "Plan", "Real"],
            ["Fuel", "12", "14", "11", "13"], ["Rent", "20", "20", "19", "19"]]  # fmt: skip
    printed(tmp_path / "a.pdf", rows, GRID, colWidths=[80] * 5)
    [table] = tables_of(tmp_path / "a.pdf")
    assert table.header_rows == 2


@pytest.mark.real
def test_letters_that_take_two_units_shift_none_that_follow(tmp_path, chromium):
    """Mathematical letters and emoji; pdfium counts the halves."""
    page = chromium.new_page()
    rows = (
        ("Name", "Sign", "Note"),
        ("Value", "\U0001d400\U0001d401 x", "bold"),
        ("Other", "\U0001d538", "open"),
    )
    cells = "".join(f"<tr>{''.join(f'<td>{cell}' for cell in row)}" for row in rows)
    page.set_content(
        f"<meta charset=utf-8><table border=1 cellpadding=9>{cells}</table><p>The end."
    )
    page.pdf(path=tmp_path / "a.pdf")
    page.close()
    read = parse(tmp_path / "a.pdf")
    assert [e.rows or e.text for e in read.elements] == [rows, "The end."]
