"""OpenDocument texts in their final view: a plain one that pandoc reads, and what it would miss.

Notes, comments, charts and what is said of pictures become elements of their own; a mark stands in
their place, below the paragraph, list or table that they belong to.
"""

import io
import secrets
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from ingest.parsers import opendocument, opendocument_unseen
from ingest.parsers.noticing import counted, of_parts
from ingest.parsers.ooxml import Package, parsed, remove, replace
from ingest.parsers.opendocument import (
    ANNOTATION,
    DRAW,
    OFFICE,
    STYLE,
    TABLE,
    TEXT,
    cut,
    paragraphs,
)
from kb.types.parsed import Element, Notice

BLOCKS = {f"{TEXT}p", f"{TEXT}h", f"{TEXT}list", f"{TABLE}table", f"{TEXT}section"}
KNOWN = {
    f"{TEXT}{name}"
    for name in ("p", "h", "span", "a", "s", "tab", "line-break", "list", "list-item", "section")
}
"""What pandoc reads in a paragraph; fields of other names are made into their text."""
MIMETYPE = "application/vnd.oasis.opendocument.text"
AROUND = tuple(
    f"{TEXT}{name}"
    for name in (
        "table-of-content", "illustration-index", "table-index", "object-index", "user-index",
        "alphabetical-index", "bibliography", "index-body", "index-title", "numbered-paragraph",
    )
)  # fmt: skip
"""What is around paragraphs, and is not seen through by pandoc."""
MOST_EMPTY = 10_000
"""Empty paragraphs beyond which all of them are left out."""
PRINTED = {"header": "Header", "footer": "Footer"}


@dataclass(slots=True)
class ShownText:
    """A document as it is seen; ``pieces`` by their marks."""

    file: io.BytesIO
    pieces: dict[str, list[Element]] = field(default_factory=dict)
    printed: list[Element] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    notices: tuple[Notice, ...] = ()


def seen(path: Path) -> ShownText:
    """The final view of a document.

    Raises:
        FileProblem: damaged, or larger than any real one.
    """
    root = opendocument.content_of(path)
    text = ShownText(io.BytesIO())
    text.notices = _accept(root)
    with Package(path) as package:
        styles = package.readable("styles.xml")
        if styles is None:
            styles = etree.Element(f"{OFFICE}document-styles")
        text.unseen = opendocument_unseen.taken_out(root, [styles], by_look=True)
        for node in list(root.iter(*AROUND)):
            replace(node, *node)
        _mark(root, package, text)
    _place_boxes(root)
    _show_fields(root)
    for node in list(root.iter(f"{DRAW}image", f"{DRAW}object", f"{DRAW}object-ole")):
        if not paragraphs(node):
            cut(node)
    _thin(root)
    text.printed = list(_printed(styles))
    _complete(root, ("scripts", "font-face-decls", "automatic-styles"))
    _complete(styles, ("font-face-decls", "styles", "automatic-styles", "master-styles"))
    _write({"content.xml": root, "styles.xml": styles}, text.file)
    text.notices += of_parts(len(package.unread))
    return text


def paragraphs_of(file: io.BytesIO) -> Iterator[Element]:
    """The paragraphs of a document that ``seen`` has made, for where pandoc refuses it."""
    with zipfile.ZipFile(file) as package:
        root = parsed(package.read("content.xml"))
    return (Element(kind="NarrativeText", text=text) for text in paragraphs(root))


def _accept(root: etree._Element) -> tuple[Notice, ...]:
    """Deletions out: they are kept in one place. Insertions stand in the text."""
    insertions = deletions = 0
    for changes in list(root.iter(f"{TEXT}tracked-changes")):
        insertions += sum(1 for _ in changes.iter(f"{TEXT}insertion"))
        deletions += sum(1 for _ in changes.iter(f"{TEXT}deletion"))
        remove(changes)
    return counted(Notice("tracked_changes", {"insertions": insertions, "deletions": deletions}))


def _mark(root: etree._Element, package: Package, text: ShownText) -> None:
    token = f"kb{secrets.token_hex(8)}x"
    last: dict[etree._Element, etree._Element] = {}
    for node in list(root.iter(f"{TEXT}note", ANNOTATION, f"{DRAW}frame", f"{DRAW}object")):
        pieces = list(_pieces(node, package))
        block = _block(node)
        if node.tag in {f"{TEXT}note", ANNOTATION}:
            cut(node)
        if not pieces or block is None:
            continue
        mark = f"{token}{len(text.pieces)}x"
        text.pieces[mark] = pieces
        paragraph = etree.Element(f"{TEXT}p")
        paragraph.text = mark
        _after(last.get(block, block), paragraph)
        last[block] = paragraph


def _pieces(node: etree._Element, package: Package) -> Iterator[Element]:
    if node.tag == f"{TEXT}note":
        body = node.find(f"{TEXT}note-body")
        lines = [] if body is None else paragraphs(body)
        if lines:
            yield Element(kind="Footnote", text="\n".join(lines))
    elif node.tag == ANNOTATION:
        yield from opendocument.comment(node)
    elif node.tag == f"{DRAW}object":
        yield from opendocument.inserted(node, package)
    else:
        yield from opendocument.alternative(node)


def _block(node: etree._Element) -> etree._Element | None:
    """The paragraph, list or table of the text itself that a node is in."""
    for ancestor in (node, *node.iterancestors()):
        parent = ancestor.getparent()
        if parent is not None and parent.tag in {f"{OFFICE}text", f"{TEXT}section"}:
            return ancestor
    return None


def _after(node: etree._Element, other: etree._Element) -> None:
    """Put a node after another, before the text that follows that."""
    other.tail, node.tail = node.tail, None
    node.addnext(other)


def _place_boxes(root: etree._Element) -> None:
    """What is written in a frame or shape comes after the paragraph that it is anchored in."""
    last: dict[etree._Element, etree._Element] = {}
    for node in list(root.iter(f"{DRAW}*")):
        blocks = [child for child in node if child.tag in BLOCKS]
        holders = (a for a in node.iterancestors() if a.tag in {f"{TEXT}p", f"{TEXT}h"})
        anchor = next(holders, None)
        if anchor is None:
            anchor = _block(node)
        for block in blocks if anchor is not None else ():
            node.remove(block)
            block.tail = None
            _after(last.get(anchor, anchor), block)
            last[anchor] = block


def _thin(root: etree._Element) -> None:
    """No empty paragraphs where there are more than people leave: pandoc reads each."""
    blocks = root.iter(f"{TEXT}p", f"{TEXT}h")
    empty = [node for node in blocks if len(node) == 0 and not (node.text or "").strip()]
    for node in empty if len(empty) > MOST_EMPTY else ():
        cut(node)


def _show_fields(root: etree._Element) -> None:
    """Fields and readings as the text that they show."""
    for ruby in list(root.iter(f"{TEXT}ruby-text")):
        ruby.text = f"({ruby.text})" if ruby.text else ""
    for paragraph in root.iter(f"{TEXT}p", f"{TEXT}h"):
        for node in paragraph.iter(f"{TEXT}*"):
            if node.tag not in KNOWN and (node.text or len(node)):
                node.tag = f"{TEXT}span"
                node.attrib.clear()


def _printed(styles: etree._Element) -> Iterator[Element]:
    """Headers and footers of the kinds of pages."""
    for page in styles.iter(f"{STYLE}master-page"):
        for part in page:
            name = etree.QName(part).localname.split("-")[0]
            if name in PRINTED and part.get(f"{STYLE}display") != "false":
                for node in list(part.iter(f"{TEXT}page-number", f"{TEXT}page-count")):
                    node.text = ""
                text = "\n".join(paragraphs(part))
                if text:
                    yield Element(kind=PRINTED[name], text=text)


def _complete(root: etree._Element, names: tuple[str, ...]) -> None:
    """Put in, empty, the sections that are missing: pandoc reads nothing without them."""
    for at, name in enumerate(names):
        if root.find(f"{OFFICE}{name}") is None:
            root.insert(at, etree.Element(f"{OFFICE}{name}"))


def _write(parts: dict[str, etree._Element], file: io.BytesIO) -> None:
    """A package of these parts alone."""
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("mimetype", MIMETYPE)
        for name, root in parts.items():
            written.writestr(name, etree.tostring(root))
    file.seek(0)
