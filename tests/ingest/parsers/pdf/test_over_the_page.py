"""Values of forms, typed-on text and notes: what lies over a page is read where it stands.

The forms are reportlab's, the annotations pypdf's.
"""

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText, Highlight, Text
from pypdf.generic import ArrayObject, BooleanObject, FloatObject, NameObject, NumberObject
from reportlab.pdfgen.canvas import Canvas

from kb.types.parsed import COMMENT
from tests.parts.files import parse, text_of

LONG = "a word of a long note " * 20_000
HIDDEN_FLAG, NO_VIEW_FLAG = 2, 32
PASSWORD = "password"


def form(path):
    canvas = Canvas(str(path))
    for label, y in (("Name:", 730), ("Amount:", 700), ("Code:", 670), ("Hours", 640)):
        canvas.drawString(50, y, label)
    canvas.drawString(80, 610, "Paid in advance")
    canvas.drawString(80, 580, "Paid on delivery")
    fields = canvas.acroForm
    fields.textfield(name="name", value="Hildegard Zobelmann", x=120, y=722, width=200, height=18)
    fields.textfield(name="amount", value="8,350 euros", x=120, y=692, width=200, height=18)
    fields.textfield(
        name="code", value="Kestrel-99", x=120, y=662, width=200, height=18, fieldFlags=PASSWORD
    )
    fields.choice(name="hours", value="Part-time", options=["Full-time", "Part-time"],
                  x=120, y=632, width=150, height=18)  # fmt: skip
    fields.checkbox(name="advance", checked=True, x=50, y=607, size=14)
    fields.checkbox(name="delivery", checked=False, x=50, y=577, size=14)
    canvas.save()


def without_appearance(path):
    """As programs write it that leave the drawing to the reader."""
    writer = PdfWriter(clone_from=str(path))
    for annotation in writer.pages[0]["/Annots"]:
        annotation.get_object().pop("/AP", None)
    writer._root_object["/AcroForm"][NameObject("/NeedAppearances")] = BooleanObject(True)
    writer.write(str(path))


@pytest.mark.parametrize("drawn", [True, False], ids=["drawn", "left to the reader"])
def test_values_of_a_form_stand_behind_their_labels(tmp_path, drawn):
    form(tmp_path / "a.pdf")
    if not drawn:
        without_appearance(tmp_path / "a.pdf")
    lines = text_of(parse(tmp_path / "a.pdf")).split("\n")
    assert lines == [
        "Name: Hildegard Zobelmann",
        "Amount: 8,350 euros",
        "Code:",
        "Hours Part-time",
        "☑ Paid in advance",
        "☐ Paid on delivery",
    ]


def annotated(path, *annotations, flags=None):
    canvas = Canvas(str(path))
    canvas.drawString(50, 760, "Invoice 4711 of the Morelle bakery.")
    canvas.save()
    writer = PdfWriter(clone_from=PdfReader(str(path)))
    for annotation in annotations:
        if flags:
            annotation[NameObject("/F")] = NumberObject(flags)
        writer.add_annotation(0, annotation)
    writer.write(str(path))


def notes():
    quads = ArrayObject([FloatObject(n) for n in (50, 770, 200, 770, 50, 755, 200, 755)])
    marked = Highlight(rect=(50, 755, 200, 770), quad_points=quads)
    marked.update(Text(text="Too dear", rect=(50, 755, 200, 770), title_bar="Rabenstein"))
    marked[NameObject("/Subtype")] = NameObject("/Highlight")
    return (
        FreeText(text="Paid on 9 May", rect=(50, 500, 300, 540)),
        Text(text="Ask about the rate", rect=(50, 450, 70, 470), title_bar="Anna"),
        marked,
    )


def test_typed_on_text_is_the_pages_and_notes_are_comments(tmp_path):
    annotated(tmp_path / "a.pdf", *notes())
    read = parse(tmp_path / "a.pdf")
    own = [e.text for e in read.elements if e.section is None]
    comments = [e.text for e in read.elements if e.section == COMMENT]
    assert own == ["Invoice 4711 of the Morelle bakery.", "Paid on 9 May"]
    assert comments == ["Anna: Ask about the rate", "Rabenstein: Too dear"]
    assert all(e.page == 1 and e.lines for e in read.elements)


@pytest.mark.parametrize("flags", [HIDDEN_FLAG, NO_VIEW_FLAG])
def test_what_no_reader_is_shown_is_not_read(tmp_path, flags):
    annotated(tmp_path / "a.pdf", *notes(), flags=flags)
    assert text_of(parse(tmp_path / "a.pdf")) == "Invoice 4711 of the Morelle bakery."


def test_of_a_value_that_is_too_long_the_beginning_is_read(tmp_path):
    annotated(tmp_path / "a.pdf", FreeText(text=LONG, rect=(50, 500, 300, 540)))
    [_, typed] = parse(tmp_path / "a.pdf").elements
    assert len(typed.text) > 40_000
    assert LONG.startswith(typed.text)
