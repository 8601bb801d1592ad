"""Columns and lines of Arabic and Hebrew are read in the order in which a person reads them."""

import pytest
from reportlab.pdfgen.canvas import Canvas

from ingest.parsers.pdf import rightward
from ingest.parsers.pdf.printed import Letter
from tests.parts.files import parse, text_of

LEFT = (
    "The left column says that every", "employee receives thirty days",
    "of leave every year and must", "take them before the end of", "March of the following year.",
)  # fmt: skip
RIGHT = (
    "The right column says that the", "train is preferred over flights",
    "below six hundred kilometres", "and that taxis need a written",
    "reason from the supervisor.",
)  # fmt: skip
THIRD = (
    "The third column says that the", "canteen is closed on every", "holiday and that meals are",
    "delivered by a bakery during", "all of the summer months.",
)  # fmt: skip


@pytest.mark.parametrize(
    "columns", [((50, LEFT), (320, RIGHT)), ((30, LEFT), (215, RIGHT), (400, THIRD))]
)
@pytest.mark.parametrize("shift", [0, 4], ids=["one base line", "lines between lines"])
def test_columns_that_are_drawn_across_are_read_one_after_the_other(tmp_path, columns, shift):
    canvas = Canvas(str(tmp_path / "a.pdf"))
    canvas.setFont("Helvetica", 10)
    canvas.drawString(50, 800, "What is new this year, in short, for everybody who works here")
    for row in range(len(LEFT)):
        for number, (x, texts) in enumerate(columns):
            canvas.drawString(x, 760 - 15 * row - shift * number, texts[row])
    canvas.save()
    text = " ".join(text_of(parse(tmp_path / "a.pdf")).split())
    at = [text.index(" ".join(texts)) for _, texts in columns]
    assert at == sorted(at)


def test_a_table_is_still_read_by_its_rows(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"))
    for row in range(6):
        canvas.drawString(50, 760 - 15 * row, f"Pump number {row} of hall nine")
        canvas.drawString(320, 760 - 15 * row, f"{row * 7} litres")
    canvas.save()
    assert "Pump number 3 of hall nine | 21 litres" in text_of(parse(tmp_path / "a.pdf"))


def drawn(text: str, backward: str = "") -> list[Letter]:
    """Glyphs from left to right as they stand on the page, each as wide as high."""
    return [
        Letter(sign, (n * 10.0, 10.0, n * 10.0 + 10.0, 0.0))
        for n, sign in enumerate(text)
        if sign != " "
    ]


@pytest.mark.parametrize(
    ("seen", "read"),
    [
        ("םולש", "שלום"),
        ("77 רפסמ הפיח", "חיפה מספר 77"),
        (".77 רפסמ", "מספר 77."),
        ("(הפיח) ריע", "עיר (חיפה)"),
        ("Invoice םולש 12", "Invoice שלום 12"),
    ],
)
@pytest.mark.parametrize("order", [1, -1], ids=["as seen", "the other way round"])
def test_letters_are_read_by_where_they_stand(seen, read, order):
    """``seen`` is what the page shows from left to right; a PDF draws it in any order."""
    assert rightward.read(drawn(seen)[::order]) == read


@pytest.mark.real
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("ar", "يبلغ عدد الموظفين 345 موظفا في مصنع الإسكندرية."),
        ("ar", "المراجع هو الأستاذ خالد المنصوري."),
        ("he", "ספק ציוד תקשורת תעשייתי בעיר חיפה מספר 77."),
    ],
)
def test_what_chromium_prints_is_read_as_it_was_written(tmp_path, chromium, language, sentence):
    page = chromium.new_page()
    page.set_content(
        f"<html dir=rtl lang={language}><meta charset=utf-8>"
        f'<body style="font-family:DejaVu Sans"><p>{sentence}</p></body></html>'
    )
    page.pdf(path=tmp_path / "a.pdf")
    page.close()
    assert text_of(parse(tmp_path / "a.pdf")) == sentence
