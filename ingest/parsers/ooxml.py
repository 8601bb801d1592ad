"""Office Open XML: its parts, and which part belongs to which. Nothing outside of it is loaded."""

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self
from urllib.parse import unquote

from lxml import etree

from ingest.parsers import characters

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
CX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
STRANGERS = {
    "resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False,
    "remove_comments": True, "remove_pis": True,
}  # fmt: skip
"""How XML is parsed that anybody may have written."""
PART_BYTES = 100 * 1024**2
"""Of a part that is read whole no more than this."""


class PartTooLarge(zipfile.BadZipFile):
    """A part has more than ``PART_BYTES``."""


def beginning(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """The first bytes of what is in an archive; none where it is missing or damaged."""
    try:
        with archive.open(name) as member:
            return member.read(most)
    except UNREADABLE:
        return b""


@dataclass(frozen=True, slots=True)
class Relation:
    """A part that another names: the last word of its type, its name in the package."""

    kind: str
    target: str


class Package:
    """A package that is open for reading.

    Reading a part raises ``KeyError`` where there is none, ``zipfile.BadZipFile`` or
    ``lxml.etree.XMLSyntaxError`` where it is damaged (``UNREADABLE``).
    """

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        inside = self._zip.namelist()
        self._called = {plain(name): name for name in sorted(inside, key=is_plain)}
        self.names = frozenset(self._called)
        self._folded = {name.casefold(): name for name in self.names}
        self.unread: set[str] = set()
        """Parts that are needed, and missing or damaged."""
        self.missing: set[str] = set()
        """The ids that those are called by which are missing."""
        self.cut: set[str] = set()
        """Parts that are larger than what is read of them."""
        self._drawn: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def content(self, name: str) -> bytes:
        """A part's bytes."""
        with self.stream(name) as part:
            read = part.read(PART_BYTES + 1)
        if len(read) > PART_BYTES:
            raise PartTooLarge(name)
        return read

    def stream(self, name: str) -> IO[bytes]:
        """A part to be read from its beginning."""
        return self._zip.open(self._called.get(name, name))

    def tag(self, name: str) -> str:
        """The tag of a part's first element; empty where it is missing or damaged."""
        try:
            with self.stream(name) as part:
                _, first = next(etree.iterparse(part, events=("start",), **STRANGERS))
        except (*UNREADABLE, StopIteration):
            return ""
        return str(first.tag)

    def root(self, name: str) -> etree._Element:
        """A part's root element."""
        return parsed(self.content(name))

    def readable(self, name: str) -> etree._Element | None:
        """A part's root element; None where it is damaged or too large, which is noted."""
        try:
            return self.root(name)
        except PartTooLarge:
            self.cut.add(name)
            return None
        except UNREADABLE:
            self.unread.add(name)
            return None

    def first(self, name: str) -> etree._Element | None:
        """A part's root element the first time that it is asked for; None after that."""
        if name in self._drawn:
            return None
        self._drawn.add(name)
        return self.readable(name)

    def related(self, name: str) -> dict[str, Relation]:
        """The parts inside the package that a part names, by the id that it calls them by.

        Those of a kind in ``READ`` that are not there are noted.
        """
        folder, rels = posixpath.dirname(name), self.named(rels_of(name))
        root = self.readable(rels) if rels else None
        if root is None:
            return self._usual(folder) if name in MAIN else {}
        found = {}
        for node in root:
            said = node.get("Target", "").replace("\\", "/")
            target = posixpath.normpath(posixpath.join(folder, said))
            kind = node.get("Type", "").rsplit("/", 1)[-1]
            if node.get("TargetMode") == "External":
                continue
            inside = self.named(target.lstrip("/"))
            if inside:
                found[node.get("Id", "")] = Relation(kind, inside)
            elif kind in READ:
                self.unread.add(target)
                self.missing.add(node.get("Id", ""))
        return found

    def named(self, name: str) -> str:
        """What a part is called in the package, which takes capitals for small letters.

        Empty where there is none.
        """
        return name if name in self.names else self._folded.get(unquote(name).casefold(), "")

    def _usual(self, folder: str) -> dict[str, Relation]:
        """Parts whose names say what they are, where nothing else says so."""
        found = {}
        for name in self.names:
            stem, ending = posixpath.splitext(posixpath.basename(name))
            if stem in USUAL and ending == ".xml" and posixpath.dirname(name) == folder:
                found[name] = Relation(stem, name)
        return found


READ = {
    "aFChunk", "chart", "chartEx", "comments", "diagramData", "drawing", "endnotes", "footer",
    "footnotes", "header", "notesSlide", "sharedStrings", "slide", "threadedComment", "worksheet",
}  # fmt: skip
"""Kinds of parts with something to read in them."""
USUAL = {
    "comments", "endnotes", "footnotes", "numbering", "settings", "sharedStrings", "styles",
}  # fmt: skip
MAIN = {"word/document.xml": "docx", "ppt/presentation.xml": "pptx", "xl/workbook.xml": "xlsx"}
"""What the main part is usually called, in a file of which kind."""
UNREADABLE = (
    KeyError, zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, EOFError, OSError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
"""What reading a part raises that is missing or damaged."""


def parsed(content: bytes) -> etree._Element:
    """XML from a stranger: entities are left out, nothing is loaded, no tree is endlessly deep.

    A character that XML does not allow costs itself.

    Raises:
        lxml.etree.XMLSyntaxError: it is damaged otherwise.
    """
    try:
        root = etree.fromstring(content, etree.XMLParser(**STRANGERS))
    except etree.XMLSyntaxError:
        mended = characters.well_formed(content)
        if mended == content:
            raise
        root = etree.fromstring(mended, etree.XMLParser(**STRANGERS))
    etree.strip_elements(root, etree.Entity, with_tail=False)
    return root


def walked(part: IO[bytes], *tags: str) -> Iterator[etree._Element]:
    """The elements of a part with these tags, each read and then forgotten, before the next.

    Raises:
        lxml.etree.XMLSyntaxError: it is damaged; what stands before that has been given.
    """
    for _, node in etree.iterparse(part, tag=tags, **STRANGERS):
        yield node
        node.clear()
        parent = node.getparent()
        while parent is not None and node.getprevious() is not None:
            del parent[0]


def plain(name: str) -> str:
    """A part's name as the standard has it: some programs write backslashes, or a root before."""
    return name.replace("\\", "/").removeprefix("./").lstrip("/")


def is_plain(name: str) -> bool:
    """Whether a name is as the standard has it."""
    return name == plain(name)


def rels_of(name: str) -> str:
    """Where a part says which others it names."""
    folder, file = posixpath.split(name)
    return posixpath.join(folder, "_rels", f"{file}.rels")


def choose(root: etree._Element) -> None:
    """Of each alternative the first variant with something to read in it, else the first."""
    for alternative in list(root.iter(f"{MC}AlternateContent")):
        variants = [v for v in alternative if v.tag in {f"{MC}Choice", f"{MC}Fallback"}]
        spoken = (v for v in variants if _says_something(v))
        chosen = next(spoken, variants[0] if variants else None)
        replace(alternative, *(chosen if chosen is not None else ()))


def _says_something(variant: etree._Element) -> bool:
    if next(variant.iter(f"{C}chart", f"{CX}chart", f"{DGM}relIds"), None) is not None:
        return True
    return any((t.text or "").strip() for t in variant.iter(f"{W}t", f"{A}t", f"{M}t"))


def replace(node: etree._Element, *others: etree._Element) -> None:
    """Put other nodes where a node is; they may be its own children."""
    for other in others:
        node.addprevious(other)
    remove(node)


def remove(node: etree._Element) -> None:
    """Take a node out, with all that is in it."""
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)


def drawn(node: etree._Element) -> list[str]:
    """The texts of DrawingML's paragraphs beneath, not empty."""
    texts = (
        "".join(
            (piece.text or "") if piece.tag == f"{A}t" else " "
            for piece in paragraph.iter(f"{A}t", f"{A}br", f"{A}tab")
        )
        for paragraph in node.iter(f"{A}p")
    )
    return [" ".join(text.split()) for text in texts if text.strip()]
