"""Books (EPUB): their pages in the order of the spine, each read like any other web page."""

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from ingest.parsers import office, packages
from ingest.parsers.encoding import decode
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Element, Parsed

CONTAINER = "META-INF/container.xml"
DC = "{http://purl.org/dc/elements/1.1/}"
PAGE_TYPES = {"application/xhtml+xml", "text/html"}
PART_BYTES = 64 * 1024**2
PARSER = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def parse(path: Path, kind: str, _options: Options) -> Parsed:
    """Read a book.

    Raises:
        FileProblem: it is damaged, or expands too far.
    """
    packages.check(path)
    try:
        with zipfile.ZipFile(path) as book:
            package_name = _package_name(book)
            package = _xml(book, package_name)
            pages = list(_pages(package, posixpath.dirname(package_name)))
            elements = [e for page in pages for e in _elements(book, page)]
    except (etree.XMLSyntaxError, zipfile.BadZipFile, KeyError, RuntimeError, OSError) as error:
        raise FileProblem("damaged", what=f"EPUB: {error}") from error
    return Parsed(
        parser="unstructured+epub",
        media_type=MEDIA_TYPES[kind],
        elements=tuple(elements),
        title=_said(package, "title"),
        author=_said(package, "creator"),
    )


def _package_name(book: zipfile.ZipFile) -> str:
    for node in _xml(book, CONTAINER).iter("{*}rootfile"):
        return str(node.get("full-path") or "")
    raise FileProblem("damaged", what="EPUB: it names no package")


def _pages(package: etree._Element, folder: str) -> Iterator[str]:
    """The names of the pages in the spine; without one, of all pages."""
    items = {n.get("id"): n for n in package.iter("{*}item")}
    spine = [items[n.get("idref")] for n in package.iter("{*}itemref") if n.get("idref") in items]
    for item in spine or items.values():
        if item.get("media-type") in PAGE_TYPES:
            yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))


def _elements(book: zipfile.ZipFile, name: str) -> list[Element]:
    if name not in book.NameToInfo:
        return []
    return office.elements_of_text(decode(_part(book, name)), "html")


def _said(package: etree._Element, name: str) -> str | None:
    values = (" ".join((node.text or "").split()) for node in package.iter(f"{DC}{name}"))
    return ", ".join(v for v in values if v)[:500] or None


def _xml(book: zipfile.ZipFile, name: str) -> etree._Element:
    return etree.fromstring(_part(book, name), etree.XMLParser(**PARSER))


def _part(book: zipfile.ZipFile, name: str) -> bytes:
    with book.open(name) as part:
        return part.read(PART_BYTES)
