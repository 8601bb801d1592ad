"""The reason that a file is given is true of it."""

import base64
import io
import random
import time
import zipfile
from types import SimpleNamespace

import docx
import pypandoc
import pytest
from docx.oxml.ns import nsmap
from lxml import etree
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from ingest import parsers
from ingest.parsers import ooxml, opendocument_text, paths, pictures, sheets
from ingest.parsers.options import Options
from kb.errors import FileProblem
from tests.ingest.parsers.test_bounds import workbook
from tests.parts.compound import compound
from tests.parts.files import (
    MAKERS,
    WORDS,
    mail,
    opendocument,
    parse,
    problem_of,
    read_here,
    slides,
    text_of,
    with_part,
    word,
    zipped,
)
from tests.parts.wordprocessing import run, written

LOCKS = (
    '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData><e:CipherData>'
    '<e:CipherReference URI="{}"/></e:CipherData></e:EncryptedData></encryption>'
)


def noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def locked(package: bytes) -> bytes:
    """A package of which every part is marked as encrypted, as ZIP programs mark them."""
    marked = bytearray(package)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := marked.find(signature, at + 1)) >= 0:
            marked[at + offset] |= 1
    return bytes(marked)


@pytest.mark.parametrize("kind", ["docx", "xlsx", "pptx", "epub"])
def test_a_package_of_encrypted_parts_is_locked_and_not_damaged(kind, tmp_path):
    path = tmp_path / f"a.{kind}"
    MAKERS[kind](path)
    path.write_bytes(locked(path.read_bytes()))
    assert problem_of(path).code == "encrypted"


def test_slides_of_old_say_that_they_are_locked(tmp_path):
    """[MS-PPT] 2.3.2: the mark in the stream of the current user."""
    head = bytes.fromhex("0000f60f1400000014000000")
    for mark, codes in (
        ("dfc4d1f3", {"encrypted"}), ("5fc091e3", {"damaged", "needs_libreoffice"})
    ):  # fmt: skip
        streams = {"PowerPoint Document": noise(5000), "Current User": head + bytes.fromhex(mark)}
        (tmp_path / "a.ppt").write_bytes(compound(streams))
        assert problem_of(tmp_path / "a.ppt").code in codes


def test_a_book_with_locked_pages_is_locked(tmp_path):
    MAKERS["epub"](tmp_path / "a.epub")
    for name, page in (("font.otf", None), ("a.xhtml", noise(500))):
        with zipfile.ZipFile(tmp_path / "a.epub") as book:
            parts = {n: book.read(n) for n in book.namelist()}
        parts["META-INF/encryption.xml"] = LOCKS.format(name).encode()
        parts |= {} if page is None else {name: page}
        (tmp_path / "b.epub").write_bytes(zipped(parts))
        if page is None:
            assert WORDS in text_of(parse(tmp_path / "b.epub"))
        else:
            assert problem_of(tmp_path / "b.epub").code == "encrypted"


@pytest.mark.parametrize(
    ("name", "content", "code", "what"),
    [
        ("a.docx", b"7z\xbc\xaf\x27\x1c" + noise(3000), "unknown_type", "7z"),
        ("a.pdf", b"GIF89a" + noise(3000), "unknown_type", "gif"),
        ("a.docx", noise(3000), "damaged", "it does not begin as docx files do"),
        ("a.dwg", noise(3000), "unknown_type", "dwg"),
    ],
)
def test_what_is_not_read_is_named_by_what_it_is(name, content, code, what, tmp_path):
    (tmp_path / name).write_bytes(content)
    problem = problem_of(tmp_path / name)
    assert (problem.code, problem.detail["what"]) == (code, what)


def test_a_file_that_begins_with_blanks_is_not_empty(tmp_path):
    (tmp_path / "a.txt").write_text(" \n" * 50_000 + WORDS)
    assert WORDS in text_of(parse(tmp_path / "a.txt"))
    (tmp_path / "b.txt").write_text(" \n" * 50_000)
    assert problem_of(tmp_path / "b.txt").code == "empty"


def test_what_is_packed_behind_a_text_is_no_text(tmp_path):
    """A program that unpacks itself begins with a script."""
    script = b"#!/bin/sh\n" + b"# Unpack what stands below.\n" * 3000
    for name, code in (("setup.run", "unknown_type"), ("setup.txt", "damaged")):
        (tmp_path / name).write_bytes(script + noise(900_000))
        assert problem_of(tmp_path / name).code == code
    paragraph = b"# Unpack what stands below. " * 100 + b"\n"
    (tmp_path / "long.txt").write_bytes(script[:9_000] + paragraph * 350)
    assert "Unpack" in text_of(parse(tmp_path / "long.txt"))


def test_a_part_that_is_too_large_is_not_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr(ooxml, "PART_BYTES", 40_000)
    word(tmp_path / "a.docx")
    long = b"<!--" + b"x" * 50_000 + b"-->"
    change = lambda part: part.replace(b"<w:body>", b"<w:body>" + long)  # noqa: E731
    with_part(tmp_path / "a.docx", tmp_path / "b.docx", "word/document.xml", change)
    with pytest.raises(FileProblem) as problem:
        parsers.parse(str(tmp_path / "b.docx"), "b.docx", Options())
    assert problem.value.code == "expands_too_far"
    with_part(tmp_path / "a.docx", tmp_path / "c.docx", "word/settings.xml", lambda s: s + long)
    read = read_here(tmp_path / "c.docx")
    assert WORDS in text_of(read)
    assert [n.code for n in read.notices] == ["cut_short"]


def test_a_formula_that_never_ends_costs_its_value(tmp_path, monkeypatch):
    program = tmp_path / "soffice"
    program.write_text("#!/bin/sh\nsleep 20\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(sheets, "CALCULATING", 0.2)
    cells = f'<c t="inlineStr"><is><t>{WORDS}</t></is></c><c><f>SUM(A1:XFD1048576)</f></c>'
    workbook(tmp_path / "a.xlsx", f"<sheetData><row>{cells}</row></sheetData>")
    read = read_here(tmp_path / "a.xlsx")
    assert WORDS in text_of(read)
    assert [n.code for n in read.notices] == ["formulas_without_value"]


def frames(path, number: int) -> None:
    pages = [Image.new("1", (300, 300), 1) for _ in range(number)]
    content = io.BytesIO()
    pages[0].save(content, "TIFF", save_all=True, append_images=pages[1:])
    path.write_bytes(content.getvalue())


def test_scans_that_there_was_no_time_for_are_counted(tmp_path, monkeypatch):
    frames(tmp_path / "a.tiff", 3)
    assert read_here(tmp_path / "a.tiff", languages="").problem_parameters == {"pages": 3}
    monkeypatch.setattr(pictures, "MAX_FRAMES", 2)
    assert read_here(tmp_path / "a.tiff", languages="").problem_parameters == {"pages": 3}
    read = read_here(tmp_path / "a.tiff", seconds=0.0)
    if read.problem == "scan_without_ocr":
        pytest.skip("tesseract (apt-get install tesseract-ocr)")
    assert (read.problem, read.problem_parameters) == ("scan_beyond", {"pages": 3})


def test_what_pandoc_has_no_memory_for_is_read_all_the_same(tmp_path, monkeypatch):
    """A program in its place that answers questions on itself, and ends as pandoc does then."""
    real = pypandoc.get_pandoc_path()
    program = tmp_path / "pandoc"
    program.write_text(
        f'#!/bin/sh\ncase "$1" in --version|--list*) exec {real} "$@";; esac\n'
        "echo 'pandoc: out of memory' >&2; exit 251\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PYPANDOC_PANDOC", str(program))
    monkeypatch.setattr(pypandoc, "__pandoc_path", None)
    note = "<text:note><text:note-body><text:p>Below.</text:p></text:note-body></text:note>"
    body = f"<office:text><text:p>{WORDS}{note}</text:p></office:text>"
    opendocument(tmp_path / "a.odt", "text", body)
    assert [e.text for e in read_here(tmp_path / "a.odt").elements] == [WORDS, "Below."]


def test_files_within_xml_are_members_and_no_text(tmp_path):
    """An invoice with the page that people read; 12 MB are more than a parser takes as one text."""
    for size in (3000, 9_000_000):
        content = b"%PDF-1.4 " + noise(size)
        letters = base64.encodebytes(content).decode()
        (tmp_path / "a.xml").write_text(
            f"<Invoice><Note>{WORDS}</Note><File filename='page.pdf'>{letters}</File></Invoice>"
        )
        read = read_here(tmp_path / "a.xml")
        assert text_of(read).removeprefix("Note: ") == WORDS
        assert [(m.name, m.content) for m in read.members] == [("page.pdf", content)]
    assert read_here(tmp_path / "a.xml", max_expanded=1000).problem == "members_left_out"


@pytest.mark.parametrize("head", ["", '<?xml version="1.0"?>'])
def test_of_a_drawing_its_words_are_read(head, tmp_path):
    (tmp_path / "a.svg").write_text(
        f'{head}<svg xmlns="http://www.w3.org/2000/svg"><style>.a {{ fill: red }}</style>'
        f'<title>The plan</title><path d="M 10 10 L 20 20"/><text>{WORDS}</text></svg>'
    )
    assert text_of(read_here(tmp_path / "a.svg")) == f"The plan\n{WORDS}"


def test_a_text_that_is_encrypted_within_a_mail_is_said(tmp_path):
    mail(tmp_path / "a.eml")
    armour = "-----BEGIN PGP MESSAGE-----\n\nhQEMA1xLdR\n-----END PGP MESSAGE-----\n"
    with (tmp_path / "a.eml").open("a") as file:
        file.write(armour)
    read = read_here(tmp_path / "a.eml")
    assert (read.problem, "hQEMA1xLdR" in text_of(read)) == ("mail_encrypted", False)
    assert WORDS in text_of(read)


@pytest.mark.parametrize(
    "source",
    [
        rf"{{\rtf1\ansi\ansicpg99999 {WORDS}\par}}",
        rf"{{\rtf1 {{\field{{\*\fldinst HYPERLINK x}}{{\fldrslt {{\field{{\*\fldinst PAGE}}"
        rf"{{\fldrslt {WORDS}}}}}}}}}}}",
    ],
    ids=["unknown code page", "field in a field"],
)
def test_a_rich_text_that_pandoc_loses_is_read_plainly(source, tmp_path):
    (tmp_path / "a.rtf").write_text(source)
    assert text_of(read_here(tmp_path / "a.rtf")) == WORDS


def test_texts_of_cells_that_are_not_there_are_said(tmp_path):
    lost = '<c t="s"><v>7</v></c>'
    workbook(tmp_path / "a.xlsx", f"<sheetData><row>{lost * 3}</row></sheetData>")
    assert problem_of(tmp_path / "a.xlsx").code == "parts_unread"
