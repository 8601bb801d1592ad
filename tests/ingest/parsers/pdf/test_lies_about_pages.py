"""PDFs that say that they have other pages than they have."""

import re

import pypdfium2
import pytest

from kb.types.parsed import Notice
from tests.parts.files import WORDS, pdf, problem_of, read_here, text_of

LINE = f"BT /F1 12 Tf 50 700 Td ({WORDS}) Tj ET".encode()


def counted(path, count):
    """A PDF of one page that says that it has so many."""
    pdf(path, LINE)
    said = re.sub(rb"/Count \d+", b"/Count %d" % count, path.read_bytes(), count=1)
    path.write_bytes(said)
    assert b"/Count %d" % count in said


def test_of_a_million_pages_that_are_not_there_few_are_asked_for(tmp_path, monkeypatch):
    counted(tmp_path / "a.pdf", 1_000_000)
    asked = []
    whole = pypdfium2.PdfDocument.__getitem__

    def noted(document, number):
        asked.append(number)
        return whole(document, number)

    monkeypatch.setattr(pypdfium2.PdfDocument, "__getitem__", noted)
    read = read_here(tmp_path / "a.pdf")
    assert WORDS in text_of(read)
    assert read.pages == 1
    assert len(asked) < 2000
    assert read.notices == (Notice("parts_unread", {"parts": 999_999}),)


@pytest.mark.parametrize("missing", [1, 5])
def test_a_page_that_is_listed_and_missing_is_counted(missing, tmp_path):
    counted(tmp_path / "a.pdf", 1 + missing)
    read = read_here(tmp_path / "a.pdf")
    assert WORDS in text_of(read)
    assert read.notices == (Notice("parts_unread", {"parts": missing}),)


def test_a_file_that_ends_at_its_head_is_damaged_in_words(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n")
    problem = problem_of(tmp_path / "a.pdf")
    assert problem.code == "damaged"
    assert problem.detail["what"].startswith("PDF: ")
