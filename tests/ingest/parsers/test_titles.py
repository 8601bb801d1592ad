"""Titles and authors: what files say of themselves, and what says nothing."""

import zipfile

import docx
import openpyxl
import pptx
import pytest

from ingest.parsers import libreoffice, titles
from ingest.reading.preparing import title_of
from kb.types.parsed import Element, Parsed
from tests.parts.files import WORDS, opendocument, parse, with_part


@pytest.mark.parametrize(
    "title",
    [
        "untitled", "Untitled-1", "Unbenannt 2", "Sans titre", "Senza titolo", "Sin título 3",
        "Microsoft Word - Dokument1", "Microsoft Word - Angebot_final_v3_neu.docx", "Slide 1",
        "Folie 12", "PowerPoint-Präsentation", "Microsoft PowerPoint Presentation", "Mappe1",
        "Présentation PowerPoint", "Presentazione standard di PowerPoint", "D:\\scan\\00012.tif",
        "/home/ada/a b.pdf", "\\\\server\\share\\x", "http://intranet/print?id=5", "www.example.test",
        "\ufeff", "-", "12345", "about:blank", "scan0001", "Angebot final.docx", "Title",
        "{6F9619FF-8B86-D011-B42D-00CF4FC964FF}", "(anonymous)", "Document1", "Documento1",
        "Classeur1", "Cartel1", "Libro1", "Presentación1", "Präsentation1", "Tabelle1", "Feuil1",
        "Foglio1", "Hoja1", "No Slide Title", "Kein Folientitel", "Diapositive sans titre",
        "Nessun titolo diapositiva", "[Document title]", "[Titel des Dokuments]",
        "[Titre du document]", "[Titolo del documento]", "[Título del documento]",
        "New Microsoft Word Document", "Neues Microsoft Word-Dokument",
        "Nouveau Document Microsoft Word", "Nuovo foglio di lavoro di Microsoft Excel",
        "Nuevo documento de Microsoft Word", "Untitled spreadsheet", "Unbenanntes Dokument",
        "Document sans titre", "Documento senza titolo", "Documento sin título", "Sans nom 1",
        "Titelmasterformat durch Klicken bearbeiten", "Click to edit Master title style",
        "Modifiez le style du titre", "Fare clic per modificare lo stile del titolo",
        "Haga clic para modificar el estilo de título", "Presentación de PowerPoint",
        "CamScanner 03-05-2024", "Adobe Scan 05.03.2024", "IMG_1234", "Kopie von Dokument1",
        "Microsoft Outlook - Memoformat",
    ],
)  # fmt: skip
def test_a_title_that_says_nothing_loses_to_the_name_of_the_file(title):
    read = Parsed(parser="p", media_type="m", elements=(), title=title)
    assert title_of(read, "Mietvertrag Halle 1.pdf") == "Mietvertrag Halle 1"
    heading = Parsed(parser="p", media_type="m", elements=(Element(kind="Title", text=title),))
    assert title_of(heading, "Mietvertrag Halle 1.pdf") == "Mietvertrag Halle 1"


@pytest.mark.parametrize(
    "title",
    [
        "Brandschutzkonzept 2026",
        "Book of rules",
        "Scan of the contract",
        "Word and image",
        "C",
        "ISO",
        "Form A-38",
        "New office",
        "Style guide",
        "Notes from Rome",
    ],
)
def test_a_title_that_says_something_stays(title):
    assert titles.is_generic(title) == (title == "C")


def made(kind: str, path, title: str, author: str) -> None:
    if kind == "docx":
        document = docx.Document()
        document.core_properties.title, document.core_properties.author = title, author
        document.add_paragraph(WORDS)
        document.save(path)
    elif kind == "pptx":
        deck = pptx.Presentation()
        deck.core_properties.title, deck.core_properties.author = title, author
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = WORDS
        deck.save(path)
    elif kind in {"xlsx", "xls"}:
        book = openpyxl.Workbook()
        book.properties.title, book.properties.creator = title, author
        book.active.append([WORDS, "x"])
        book.save(path)
    else:
        opendocument(path, "text", f"<office:text><text:p>{WORDS}</text:p></office:text>")
        with zipfile.ZipFile(path, "a") as package:
            package.writestr(
                "meta.xml",
                '<m xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:meta='
                f'"urn:oasis:names:tc:opendocument:xmlns:meta:1.0"><dc:title>{title}</dc:title>'
                f"<meta:initial-creator>{author}</meta:initial-creator></m>",
            )


@pytest.mark.parametrize("kind", ["docx", "pptx", "xlsx", "xls", "odt"])
def test_title_and_author_are_read(kind, tmp_path):
    if kind == "xls" and libreoffice.program() is None:
        pytest.skip("LibreOffice is not installed")
    path = tmp_path / f"a.{'xlsx' if kind == 'xls' else kind}"
    made(kind, path, "Brandschutzkonzept für Halle 1", "Erika Größe")
    read = parse(libreoffice.convert(path, "xlsx", "xls") if kind == "xls" else path)
    assert (read.title, read.author) == ("Brandschutzkonzept für Halle 1", "Erika Größe")


def test_nobody_is_no_author_and_damaged_properties_cost_no_text(tmp_path):
    made("docx", tmp_path / "a.docx", "", "python-docx")
    assert parse(tmp_path / "a.docx").author is None
    made("docx", tmp_path / "b.docx", "Title of it", "Ada")
    with_part(tmp_path / "b.docx", tmp_path / "c.docx", "docProps/core.xml", lambda _: b"<x")
    read = parse(tmp_path / "c.docx")
    assert (read.title, [e.text for e in read.elements]) == (None, [WORDS])
