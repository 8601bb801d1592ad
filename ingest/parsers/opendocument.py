"""OpenDocument's content, read without loading anything that it names."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from ingest.parsers import tables
from ingest.parsers.damage import damaged
from ingest.parsers.ooxml import UNREADABLE, Package, parsed, remove
from kb.errors import FileProblem
from kb.types.parsed import COMMENT, Element

MOST = 400 * 1024**2
"""Most bytes of ``content.xml`` that are read; only a bomb has more."""
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
ANNOTATION = f"{OFFICE}annotation"
DC = "{http://purl.org/dc/elements/1.1/}"
SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"
MATH = "{http://www.w3.org/1998/Math/MathML}"
PRESENTATION = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"


def content_of(path: Path) -> etree._Element:
    """The root of ``content.xml``.

    Raises:
        FileProblem: damaged, or larger than any real one.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open("content.xml") as member:
            content = member.read(MOST + 1)
    except UNREADABLE as error:
        raise damaged("OpenDocument", error) from error
    if len(content) > MOST:
        raise FileProblem("expands_too_far", limit=MOST // 1024**2)
    try:
        root = parsed(content)
    except etree.XMLSyntaxError as error:
        raise damaged("OpenDocument", error) from error
    if root.find(f"{OFFICE}body/*") is None:
        raise FileProblem("damaged", what="OpenDocument: there is no document in it")
    return root


def alternative(node: etree._Element) -> Iterator[Element]:
    """What is said of a picture or shape to whoever cannot see it."""
    said = (node.findtext(f"{SVG}title"), node.findtext(f"{SVG}desc"))
    words = [" ".join(text.split()) for text in said if text and text.strip()]
    if words:
        yield Element(kind="FigureCaption", text=". ".join(dict.fromkeys(words)))


def inserted(node: etree._Element, package: Package) -> Iterator[Element]:
    """A chart or a formula (``draw:object``), which is a document of its own inside; each once."""
    name = node.get(f"{XLINK}href", "").removeprefix("./").rstrip("/")
    is_inside = bool(name) and ":" not in name and not name.startswith("..")
    inner = package.first(f"{name}/content.xml") if is_inside else None
    if inner is None:
        return
    if inner.tag == f"{MATH}math":
        said = inner.findtext(f".//{MATH}annotation") or "".join(str(t) for t in inner.itertext())
        yield Element(kind="Formula", text=" ".join(said.split()))
        return
    for table in list(inner.iter(f"{TABLE}table")):
        rows = [
            [" ".join(paragraphs(cell)) for cell in row.iter(f"{TABLE}table-cell")]
            for row in table.iter(f"{TABLE}table-row")
        ]
        remove(table)
        if any(any(row) for row in rows):
            yield tables.table([row for row in rows if any(row)], 1)
    for text in dict.fromkeys(paragraphs(inner)):
        yield Element(kind="FigureCaption", text=text)


def comment(annotation: etree._Element) -> Iterator[Element]:
    """What somebody wrote beside the text."""
    text = "\n".join(paragraphs(annotation))
    author = " ".join((annotation.findtext(f"{DC}creator") or "").split())
    if text:
        text = f"{author}: {text}" if author else text
        yield Element(kind="NarrativeText", text=text, section=COMMENT)


def paragraphs(node: etree._Element) -> list[str]:
    """The texts of the paragraphs and headings beneath, not empty."""
    found = []
    for paragraph in node.iter(f"{TEXT}p", f"{TEXT}h"):
        if any(a.tag == ANNOTATION and a is not node for a in paragraph.iterancestors()):
            continue
        text = " ".join("".join(_pieces(paragraph)).split())
        if text:
            found.append(text)
    return found


def _pieces(node: etree._Element) -> list[str]:
    pieces = [node.text or ""]
    for child in node:
        if child.tag in {f"{TEXT}s", f"{TEXT}tab", f"{TEXT}line-break"}:
            pieces.append(" ")
        elif child.tag not in {ANNOTATION, f"{TEXT}p", f"{TEXT}h"}:
            pieces += _pieces(child)
        pieces.append(child.tail or "")
    return pieces


def cut(node: etree._Element) -> None:
    """Take a node out and leave the text that follows it."""
    parent, before = node.getparent(), node.getprevious()
    if parent is None:
        return
    if before is not None:
        before.tail = (before.tail or "") + (node.tail or "")
    else:
        parent.text = (parent.text or "") + (node.tail or "")
    parent.remove(node)
