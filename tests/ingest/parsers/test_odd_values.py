"""Values that no program writes: each costs at most itself, and no more time than others."""

import zipfile
from types import SimpleNamespace

import docx
import pytest
from docx.oxml.ns import nsmap
from lxml import etree
from reportlab.pdfgen.canvas import Canvas

from ingest.parsers import hidden, opendocument_text, pages, paths, shallow
from tests.parts.files import (
    MAKERS,
    WORDS,
    opendocument,
    parse,
    read_here,
    slides,
    text_of,
    with_part,
)
from tests.parts.wordprocessing import run, written


def test_no_parser_is_given_attributes_without_end(tmp_path, monkeypatch):
    """Each would compare every attribute with all before it: 150,000 took a minute and a half."""
    given, tree_of = [], pages.tree_of
    monkeypatch.setattr(pages, "tree_of", lambda source: given.append(source) or tree_of(source))
    attributes = " ".join(f"a{n}='1'" for n in range(5_000))
    source = f"<p title='plan' {attributes} style='color: red'>{WORDS}</p>"
    (tmp_path / "a.html").write_text(source)
    assert text_of(read_here(tmp_path / "a.html")) == WORDS
    given.append(hidden.in_html(source)[0])  # which goes on to unstructured
    assert len(given) >= 2
    assert {one.count("='1'") for one in given} <= {shallow.MOST_ATTRIBUTES - 1}


def test_a_path_of_word_is_compiled_once_and_finds_the_same(tmp_path, monkeypatch):
    compiled = []

    def counting(path, **prefixes):
        compiled.append(path)
        return etree.XPath(path, **prefixes)

    monkeypatch.setattr(paths, "etree", SimpleNamespace(XPath=counting))
    paths.compile_once.cache_clear()
    document = docx.Document()
    for number in range(60):
        document.add_paragraph(f"Valve {number} is closed.")
    document.save(tmp_path / "a.docx")
    assert text_of(read_here(tmp_path / "a.docx")).count("is closed.") == 60
    assert 0 < len(compiled) == len(set(compiled))
    for path in compiled:
        found = etree._Element.xpath(document.element.body, path, namespaces=nsmap)
        assert document.element.body.xpath(path) == found


def test_a_path_is_compiled_once_where_pandoc_makes_a_word_file(tmp_path, monkeypatch):
    compiled = []

    def counting(path, **prefixes):
        compiled.append(path)
        return etree.XPath(path, **prefixes)

    monkeypatch.setattr(paths, "etree", SimpleNamespace(XPath=counting))
    paths.compile_once.cache_clear()
    lines = "".join(f"<text:p>Valve {number} is closed.</text:p>" for number in range(60))
    opendocument(tmp_path / "a.odt", "text", f"<office:text>{lines}</office:text>")
    assert text_of(read_here(tmp_path / "a.odt")).count("is closed.") == 60
    assert 0 < len(compiled) == len(set(compiled))


@pytest.mark.parametrize("number", ["a", "-1", "999999999999999", ""])
def test_a_list_with_a_number_that_is_none_costs_no_text(number, tmp_path):
    marks = f'<w:pPr><w:numPr><w:ilvl w:val="{number}"/><w:numId w:val="1"/></w:numPr></w:pPr>'
    written(tmp_path / "a.docx", f"<w:p>{marks}{run(WORDS)}</w:p>")
    assert text_of(read_here(tmp_path / "a.docx")) == WORDS


def test_a_shape_whose_place_is_no_number_costs_no_slide(tmp_path):
    slides(tmp_path / "a.pptx")
    place = b'<p:spPr><a:xfrm><a:off x="abc" y="1e99"/><a:ext cx="-1" cy=""/></a:xfrm></p:spPr>'
    with_part(
        tmp_path / "a.pptx",
        tmp_path / "b.pptx",
        "ppt/slides/slide1.xml",
        lambda slide: slide.replace(b"<p:spPr/>", place),
    )
    assert WORDS in text_of(read_here(tmp_path / "b.pptx"))


def test_a_page_of_kilometres_is_drawn_small(tmp_path):
    """Text in the colour of the paper is looked for on the page as it is drawn."""
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(9_999_999, 9_999_999))
    canvas.drawString(50, 700, WORDS)
    canvas.save()
    assert WORDS in text_of(parse(tmp_path / "a.pdf"))


def test_empty_paragraphs_by_the_thousand_are_not_given_to_pandoc(tmp_path, monkeypatch):
    monkeypatch.setattr(opendocument_text, "MOST_EMPTY", 2)
    body = f"{'<text:p/>' * 3}<text:p>{WORDS}</text:p>{'<text:p> </text:p>' * 3}"
    opendocument(tmp_path / "a.odt", "text", f"<office:text>{body}</office:text>")
    with zipfile.ZipFile(opendocument_text.seen(tmp_path / "a.odt").file) as package:
        assert package.read("content.xml").count(b"<text:p") == 1
    assert text_of(read_here(tmp_path / "a.odt")) == WORDS


def test_a_page_that_a_book_lists_often_is_read_once(tmp_path):
    MAKERS["epub"](tmp_path / "a.epub")
    listed = b'<itemref idref="a"/>'
    with_part(
        tmp_path / "a.epub", tmp_path / "b.epub", "c.opf", lambda o: o.replace(listed, listed * 9)
    )
    assert text_of(read_here(tmp_path / "b.epub")).count(WORDS) == 1
