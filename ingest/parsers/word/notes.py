"""Footnotes, endnotes and comments as elements; headers and footers as they are seen."""

from collections.abc import Iterator

from lxml import etree

from ingest.parsers.ooxml import W
from ingest.parsers.word import fields, view
from kb.types.parsed import COMMENT, Element

PARTS = {"footnotes": "footnote", "endnotes": "endnote", "comments": "comment"}
"""Types of parts, and what is in them."""
REFERENCES = {f"{W}{kind}Reference": kind for kind in PARTS.values()}
BETWEEN = {f"{W}tab": " ", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
TEXTPATH = "{urn:schemas-microsoft-com:vml}textpath"
COUNTING = {
    "page", "of", "seite", "von", "pagina", "página", "di", "de", "sur", "s", "p", "pag", "pág",
}  # fmt: skip
"""What stands beside the number of a page."""


def of(root: etree._Element) -> Iterator[etree._Element]:
    """The notes of a part, without the lines that part them from the text."""
    for note in root.iterchildren(*(f"{W}{kind}" for kind in PARTS.values())):
        if note.get(f"{W}type", "normal") == "normal":
            yield note


def elements(note: etree._Element) -> Iterator[Element]:
    """A note as one element; a comment says whose it is, and stays apart from the text."""
    text = "\n".join(_lines(note))
    if not text:
        return
    if note.tag == f"{W}comment":
        author = " ".join(note.get(f"{W}author", "").split())
        text = f"{author}: {text}" if author else text
        yield Element(kind="NarrativeText", text=text, section=COMMENT)
    else:
        yield Element(kind="Footnote", text=text)


def _lines(node: etree._Element) -> Iterator[str]:
    for paragraph in node.iter(f"{W}p"):
        pieces = (
            piece.text or "" if piece.tag == f"{W}t" else BETWEEN[piece.tag]
            for piece in paragraph.iter(f"{W}t", *BETWEEN)
        )
        text = " ".join("".join(pieces).split())
        if text:
            yield text


def simplify_header(root: etree._Element) -> None:
    """A header or footer as it is seen, without the number of the page."""
    fields.drop_counters(root)
    marks = [node.get("string", "") for node in root.iter(TEXTPATH)]
    view.simplify(root)
    for mark in dict.fromkeys(m.strip() for m in marks if m.strip()):
        paragraph = etree.SubElement(root, f"{W}p")
        paragraph.append(view.run_of(mark))


def without_counting(text: str) -> str:
    """A header's or footer's lines without those that only counted pages."""
    return "\n".join(line for line in text.split("\n") if _says_something(line))


def _says_something(line: str) -> bool:
    words = "".join(c if c.isalnum() else " " for c in line).lower().split()
    return any(word not in COUNTING and not word.isdecimal() for word in words)
