"""Books (EPUB): their pages in the order of the spine, each read like any other web page."""

import posixpath
import re
from collections.abc import Iterator
from html.entities import name2codepoint
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from ingest.parsers import dates, office, packages
from ingest.parsers.encoding import decode
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.noticing import of_parts
from ingest.parsers.ooxml import STRANGERS, UNREADABLE, Package
from ingest.parsers.opendocument import DC
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Element, Parsed

CONTAINER = "META-INF/container.xml"
PAGE_TYPES = {"application/xhtml+xml", "text/html"}
LOCKS = "META-INF/encryption.xml"
EVENT = "{http://www.idpf.org/2007/opf}event"
PAGES = (".xhtml", ".html", ".htm")
DECLARING = re.compile(rb"<!DOCTYPE[^>\[]{0,1000}\[", re.IGNORECASE)
"""How a page begins that declares entities of its own."""
BEGINNING = 4096
"""Bytes of a page in which that stands."""
NAMED = re.compile(rb"&(?!(?:amp|lt|gt|quot);)([A-Za-z]+\d*);")
"""An entity that is none of XML's own."""


def parse(path: Path, kind: str, _options: Options) -> Parsed:
    """Read a book.

    Raises:
        FileProblem: it is damaged, encrypted, or expands too far.
    """
    try:
        packages.check(path)
        with Package(path) as book:
            package, folder = _package(book)
            pages = list(dict.fromkeys(_pages(package, folder, book)))
            locked = _locked(book)
            if pages and locked.issuperset(pages):
                raise FileProblem("encrypted")
            book.unread |= locked.intersection(pages)
            read = (page for page in pages if page not in locked)
            elements = [e for page in read for e in _elements(book, page)]
    except UNREADABLE as error:
        raise packages.refused("EPUB", error) from error
    return Parsed(
        parser="unstructured+epub",
        media_type=MEDIA_TYPES[kind],
        elements=tuple(elements),
        title=_said(package, "title"),
        author=_said(package, "creator"),
        created=_published(package),
        changed=_changed(package),
        notices=of_parts(len(book.unread)),
    )


def _locked(book: Package) -> set[str]:
    """The parts that are encrypted: of sold books the pages, of many others only the fonts."""
    root = book.readable(LOCKS) if LOCKS in book.names else None
    named = () if root is None else root.iter("{*}CipherReference")
    return {posixpath.normpath(unquote(node.get("URI") or "")) for node in named}


def _package(book: Package) -> tuple[etree._Element | None, str]:
    """What lists the book's pages, and the folder that they are named from."""
    container = book.readable(CONTAINER)
    named = () if container is None else container.iter("{*}rootfile")
    names = [str(node.get("full-path") or "") for node in named]
    for name in names or sorted(n for n in book.names if n.endswith(".opf")):
        root = book.readable(name)
        if root is not None:
            return root, posixpath.dirname(name)
    return None, ""


def _pages(package: etree._Element | None, folder: str, book: Package) -> Iterator[str]:
    """The names of the pages in the spine; where nothing lists any, of all that are there."""
    items = {} if package is None else {n.get("id"): n for n in package.iter("{*}item")}
    if package is None or not items:
        yield from sorted(n for n in book.names if n.lower().endswith(PAGES))
        return
    spine = [items[n.get("idref")] for n in package.iter("{*}itemref") if n.get("idref") in items]
    for item in spine or items.values():
        if item.get("media-type") in PAGE_TYPES:
            yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))


def _elements(book: Package, name: str) -> list[Element]:
    try:
        content = book.content(name)
    except UNREADABLE:
        content = b""
    if b"</html" not in content[-4096:].lower():  # cut short, or not there
        book.unread.add(name)
    return office.elements_of_text(_text(content), "html")


def _text(content: bytes) -> str:
    """A page as HTML: XML, whose declarations a reader follows and does not show."""
    if not DECLARING.search(content[:BEGINNING]):
        return decode(content)
    try:
        known = etree.XMLParser(**STRANGERS | {"resolve_entities": "internal"})
        page = etree.fromstring(NAMED.sub(_of_xhtml, content), known)
        return str(etree.tostring(page, method="html", encoding=str))
    except etree.XMLSyntaxError:
        return decode(content)


def _of_xhtml(entity: re.Match[bytes]) -> bytes:
    """An entity of XHTML's document type, which is not loaded, as a number; any other as it is."""
    number = name2codepoint.get(entity[1].decode())
    return entity[0] if number is None else b"&#%d;" % number


def _said(package: etree._Element | None, name: str) -> str | None:
    found = () if package is None else package.iter(f"{DC}{name}")
    values = (" ".join((node.text or "").split()) for node in found)
    return ", ".join(v for v in values if v)[:500] or None


def _published(package: etree._Element | None) -> float | None:
    """When the book is from: of several dates the one that is said to be that, else the first."""
    found = [] if package is None else list(package.iter(f"{DC}date"))
    found.sort(key=lambda node: node.get(EVENT) not in {None, "publication"})
    moments = (dates.of_text(node.text) for node in found if node.get(EVENT) != "modification")
    return next((moment for moment in moments if moment is not None), None)


def _changed(package: etree._Element | None) -> float | None:
    found = () if package is None else package.iter("{*}meta")
    said = (node.text for node in found if node.get("property") == "dcterms:modified")
    return dates.of_text(next(said, None))
