"""Pictures, scans and printed pages."""

import shutil

import pytest
from PIL import Image

from tests.parts.files import WORDS, page, parse, problem_of, scan, text_of
from tests.parts.processes import missing
from tests.parts.slowly import slow


@pytest.mark.case("S52")
def test_huge_pictures_are_refused(tmp_path):
    Image.new("1", (12000, 12000)).save(tmp_path / "big.png")
    assert problem_of(tmp_path / "big.png").code == "picture_too_large"


@pytest.mark.parametrize("turned", [90, 2, *slow(180, 270, -3)])
def test_turned_and_crooked_pages_are_read_and_placed(turned, tmp_path):
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    scan(tmp_path / "a.pdf", turned=turned)
    read = parse(tmp_path / "a.pdf")
    text = " ".join(text_of(read).split())
    assert WORDS in text
    [(number, confidence)] = read.confidences
    assert (number, read.pages, read.problem) == (1, 1, None)
    assert confidence > 80
    boxes = [line.box for e in read.elements for line in e.lines]
    first = boxes[0]
    width, height = first[2] - first[0], first[3] - first[1]
    assert (height > width) == (turned in {90, 270})
    upper_left = first[1] < 0.25 and first[0] < 0.25
    assert upper_left == (turned in {2, -3})


def test_only_pages_without_text_are_recognised(tmp_path):
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    from reportlab.pdfgen.canvas import Canvas

    page(tmp_path / "scan.png")
    canvas = Canvas(str(tmp_path / "mixed.pdf"))
    canvas.drawString(72, 700, "A page that was printed and not scanned at all.")
    canvas.showPage()
    canvas.drawImage(str(tmp_path / "scan.png"), 0, 300, 595, 430)
    canvas.save()
    read = parse(tmp_path / "mixed.pdf")
    assert [p for p, _ in read.confidences] == [2]
    assert read.elements[0].page == 1
    assert "printed and not scanned" in read.elements[0].text
    assert WORDS in " ".join(text_of(read).split())


def test_an_unsure_page_makes_the_file_partial(tmp_path):
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    page(tmp_path / "a.png")
    read = parse(tmp_path / "a.png", min_confidence=99.9)
    assert read.problem == "scan_uncertain"
    assert read.problem_parameters == {"pages": 1, "which": "1"}


def test_running_heads_and_page_numbers_are_dropped(tmp_path):
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "a.pdf"))
    for number in range(1, 7):
        canvas.drawString(72, 810, f"Water board, annual report, page {number}")
        canvas.drawString(72, 500, f"Chapter {number} tells how hall {number * 7} was built.")
        canvas.drawString(290, 30, f"{number}")
        canvas.showPage()
    canvas.save()
    text = text_of(parse(tmp_path / "a.pdf"))
    assert "annual report" not in text
    assert "hall 21 was built" in text
    assert not any(line.strip().isdigit() for line in text.splitlines())
