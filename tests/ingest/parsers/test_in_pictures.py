"""Text in pictures that stand within a document beside its text."""

import itertools
import shutil

import docx
import pptx
import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas

from ingest.parsers import in_pictures
from ingest.parsers.options import Options
from tests.parts.files import FONT, parse
from tests.parts.processes import missing

WRITTEN = "Emergency exit: behind the boiler room"


def picture(path, size=(900, 200), text=WRITTEN):
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((20, 60), text, "black", ImageFont.truetype(FONT, 40))
    image.save(path)
    return str(path)


def with_picture(path, source, width=450, height=100, pages=1):
    canvas = Canvas(str(path))
    for _ in range(pages):
        canvas.drawString(60, 760, "The plan of the house hangs beside every door of the hall.")
        canvas.drawImage(source, 60, 500, width, height)
        canvas.showPage()
    canvas.save()


def test_it_is_read_once_and_has_its_place(tmp_path):
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    with_picture(tmp_path / "a.pdf", picture(tmp_path / "a.png"), pages=2)
    read = parse(tmp_path / "a.pdf")
    [found] = [e for e in read.elements if e.kind == "Image"]
    assert " ".join(found.text.split()) == WRITTEN
    assert found.page == 1
    [line] = found.lines
    left, top, right, bottom = line.box
    assert 60 / 595 < left < right < 510 / 595
    assert 1 - 600 / 842 < top < bottom < 1 - 500 / 842


def test_logos_are_left_alone_and_text_over_a_picture_is_not_read_twice(tmp_path):
    picture(tmp_path / "small.png", (90, 60), "exit")
    with_picture(tmp_path / "a.pdf", str(tmp_path / "small.png"), 45, 30)
    canvas = Canvas(str(tmp_path / "b.pdf"))
    canvas.drawImage(picture(tmp_path / "b.png", (900, 600), ""), 40, 400, 500, 350)
    canvas.drawString(80, 600, "The text that is printed over a picture.")
    canvas.save()
    for name in ("a.pdf", "b.pdf"):
        read = parse(tmp_path / name, languages="")
        assert read.notices == ()


def test_where_there_is_no_ocr_the_ledger_says_so(tmp_path):
    with_picture(tmp_path / "a.pdf", picture(tmp_path / "a.png"))
    [notice] = parse(tmp_path / "a.pdf", languages="").notices
    assert (notice.code, notice.parameters) == ("pictures_unread", {"pictures": 1})


def test_a_slow_machine_loses_pictures_and_not_the_document(tmp_path, monkeypatch):
    """Whoever has read for half a minute reads no further picture, and says so."""
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    clock = itertools.count(step=in_pictures.LONGEST + 1)
    monkeypatch.setattr(in_pictures.time, "monotonic", lambda: float(next(clock)))
    reading = in_pictures.InPictures(Options())
    found = []
    for text in (WRITTEN, WRITTEN.upper()):
        with Image.open(picture(tmp_path / "a.png", text=text)) as image:
            found.append(reading.element(image, 1, ""))
    assert [one and " ".join(one.text.split()) for one in found] == [WRITTEN, None]
    [notice] = reading.notices
    assert (notice.code, notice.parameters) == ("pictures_beyond", {"pictures": 1})


def word(path, source):
    document = docx.Document()
    document.add_paragraph("The plan of the house hangs beside every door of the hall.")
    document.add_picture(source)
    document.add_picture(source)
    document.add_paragraph("It is drawn anew every spring.")
    document.save(path)


def slides(path, source):
    deck = pptx.Presentation()
    for title in ("The plan", "The hall"):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = title
        slide.shapes.add_picture(source, 0, 2_000_000)
    deck.save(path)


@pytest.mark.parametrize(("make", "name", "page"), [(word, "a.docx", None), (slides, "a.pptx", 1)])
def test_in_office_files_it_stands_where_the_picture_does(tmp_path, make, name, page):
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    make(tmp_path / name, picture(tmp_path / "a.png"))
    elements = parse(tmp_path / name).elements
    [at] = [n for n, e in enumerate(elements) if e.kind == "Image"]
    assert (" ".join(elements[at].text.split()), elements[at].page) == (WRITTEN, page)
    assert "plan" in elements[at - 1].text
    assert elements[at + 1].text in {"It is drawn anew every spring.", "The hall"}
    [notice] = parse(tmp_path / name, languages="").notices
    assert (notice.code, notice.parameters) == ("pictures_unread", {"pictures": 1})
