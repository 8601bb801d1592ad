"""A Word document in its final view: a plain one that unstructured reads, and what it would miss.

What unstructured does not know (notes, comments, charts, diagrams, what is said of pictures,
inserted files) becomes an element of its own. A mark stands in its place in the plain document:
below the paragraph or table that it belongs to.
"""

import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from ingest.parsers import charts, main_parts
from ingest.parsers.in_pictures import BLIP, InPictures
from ingest.parsers.noticing import counted, of_parts
from ingest.parsers.ooxml import (
    UNREADABLE,
    Package,
    R,
    Relation,
    W,
    remove,
)  # fmt: skip
from ingest.parsers.packing import packed
from ingest.parsers.word import notes, unseen, view
from kb.types.parsed import Element, Notice

KEPT = {
    "styles": "styles", "numbering": "numbering", "settings": "settings", "header": "hdr",
    "footer": "ftr",
}  # fmt: skip
"""The parts that unstructured needs beside the document, each with the name of its root."""
MOST_INSERTED = 100
"""Files that are inserted into one document."""
PRINTED = {"header", "footer"}
REFERENCES = (f"{W}headerReference", f"{W}footerReference")
INSERTED = f"{W}altChunk"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
SHAPE = "{urn:schemas-microsoft-com:vml}shape"
MARKED = (
    f"{W}footnoteReference", f"{W}endnoteReference", f"{W}commentReference", DRAWING, SHAPE,
    *charts.TAGS, BLIP, INSERTED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inserted:
    """A file that Word shows as part of the document."""

    name: str
    content: bytes


Piece = Element | Inserted


@dataclass(slots=True)
class Word:
    """A document as it is seen; ``pieces`` by their marks, ``unseen`` texts that are hidden."""

    file: io.BytesIO
    pieces: dict[str, list[Piece]] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    changes: view.TrackedChanges = field(default_factory=view.TrackedChanges)
    unread: int = 0
    """Parts that are missing or damaged."""
    cut: int = 0
    """Parts that are larger than what is read."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the ledger says of it."""
        numbers = {"insertions": self.changes.insertions, "deletions": self.changes.deletions}
        changes = counted(Notice("tracked_changes", numbers))
        return (*changes, *of_parts(self.unread, self.cut))


def seen(path: Path, within: InPictures) -> Word:
    """The final view of a document; ``within`` reads its pictures.

    Raises:
        KeyError, zipfile.BadZipFile, etree.XMLSyntaxError: the document itself is damaged.
    """
    with Package(path) as package:
        word = _WordReading(package, within).word()
        word.unread += len(package.unread)
        word.cut += len(package.cut)
        return word


class _WordReading:
    """One document while it is read."""

    def __init__(self, package: Package, within: InPictures) -> None:
        self._package = package
        self._within = within
        self._about = ""
        self._main = main_parts.of(package, "docx")
        self._related = package.related(self._main)
        self._token = f"kb{secrets.token_hex(8)}x"
        self._word = Word(io.BytesIO())
        self._notes: dict[tuple[str, str], etree._Element] = {}
        self._parts: dict[str, bytes] = {}
        self._missing: set[str] = set()
        self._insertions = 0
        named = (r.target for r in self._related.values() if r.kind == "styles")
        styles = next(named, None)
        self._styles = unseen.styles_of(package.readable(styles) if styles else None)

    def word(self) -> Word:
        root = self._settled(self._package.root(self._main))
        if root.find(f"{W}body") is None:
            raise main_parts.OfAnotherKind("there is no text in its main part")
        self._about = " ".join(node.text or "" for node in root.iter(f"{W}t"))
        self._read_notes()
        self._mark(root)
        self._keep_parts(root)
        view.simplify(root)
        self._parts[self._main] = etree.tostring(root)
        self._write()
        return self._word

    def _settled(self, root: etree._Element) -> etree._Element:
        self._word.changes += view.accept(root)
        self._word.unseen += unseen.taken_out(root, self._styles)
        return root

    def _read_notes(self) -> None:
        for relation in self._related.values():
            if relation.kind in notes.PARTS:
                root = self._package.readable(relation.target)
                if root is None:
                    continue
                for note in notes.of(self._settled(root)):
                    self._notes[notes.PARTS[relation.kind], note.get(f"{W}id", "")] = note

    def _mark(self, root: etree._Element) -> None:
        """Put a mark below each block that something belongs to which unstructured would miss."""
        body = root.find(f"{W}body")
        if body is None:
            return
        last: dict[etree._Element, etree._Element] = {}
        for node in list(body.iter(*MARKED)):
            pieces = list(self._pieces(node))
            block = _block(node, body)
            if not pieces or block is None:
                continue
            mark = f"{self._token}{len(self._word.pieces)}x"
            self._word.pieces[mark] = pieces
            paragraph = _plain_paragraph(mark)
            last.get(block, block).addnext(paragraph)
            last[block] = paragraph

    def _pieces(self, node: etree._Element) -> Iterator[Piece]:
        if node.tag in {DRAWING, SHAPE}:
            text = charts.alternative(node) if node.tag == DRAWING else node.get("alt", "")
            if text.strip():
                yield Element(kind="FigureCaption", text=text)
        elif node.tag == BLIP:
            yield from self._within.inserted(self._package, self._related, node, self._about)
        elif node.tag in notes.REFERENCES:
            yield from self._note(notes.REFERENCES[node.tag], node.get(f"{W}id", ""))
        elif node.tag == INSERTED:
            yield from self._inserted(node.get(f"{R}id", ""))
        else:
            relation = self._relation(charts.id_of(node))
            yield from charts.elements_of(self._package, relation, node)

    def _note(self, kind: str, number: str) -> Iterator[Piece]:
        """A note, once, and below it those that belong to it."""
        note = self._notes.pop((kind, number), None)
        if note is None:
            return
        below = [n for n in note.iter(*MARKED) if n is not note]
        pieces = [piece for n in below for piece in self._pieces(n)]
        view.simplify(note)
        yield from notes.elements(note)
        yield from pieces

    def _relation(self, identity: str) -> Relation | None:
        """What an id stands for; one that stands for nothing is counted."""
        relation = self._related.get(identity)
        if relation is None and identity not in self._missing:
            self._missing.add(identity)
            self._word.unread += identity not in self._package.missing
        return relation

    def _inserted(self, identity: str) -> Iterator[Inserted]:
        relation = self._relation(identity)
        if relation is None:
            return
        self._insertions += 1
        if self._insertions > MOST_INSERTED:
            self._package.cut.add(f"{relation.target}#{self._insertions}")
            return
        try:
            yield Inserted(relation.target, self._package.content(relation.target))
        except UNREADABLE:
            self._package.unread.add(relation.target)

    def _keep_parts(self, root: etree._Element) -> None:
        """The parts that are needed: headers and footers as they are seen, the rest as it is."""
        for relation in self._related.values():
            if relation.kind not in KEPT or relation.target in self._parts:
                continue
            part = self._package.readable(relation.target)
            if part is None:
                continue
            if part.tag != f"{W}{KEPT[relation.kind]}":  # it is called so, and is something else
                self._package.unread.add(relation.target)
                continue
            if relation.kind in PRINTED:
                notes.simplify_header(self._settled(part))
            self._parts[relation.target] = etree.tostring(part)
        for node in list(root.iter(*REFERENCES)):
            named = self._relation(node.get(f"{R}id", ""))
            if named is None or named.target not in self._parts:
                remove(node)

    def _write(self) -> None:
        """A package of the parts that are kept, which are named as they were."""
        related = self._related.items()
        kept = {i: r for i, r in related if r.target in self._parts and r.target != self._main}
        parts, relations = self._parts, {self._main: kept}
        self._word.file = packed("wordprocessingml.document", self._main, parts, relations)


def _block(node: etree._Element, body: etree._Element) -> etree._Element | None:
    """The paragraph or table of the body that a node is in, through what is around those."""
    found = None
    for ancestor in (node, *node.iterancestors()):
        if ancestor.tag in {f"{W}p", f"{W}tbl", INSERTED}:
            found = ancestor
        if ancestor is body:
            return found
    return None


def _plain_paragraph(text: str) -> etree._Element:
    """A paragraph that no style can number."""
    paragraph = etree.Element(f"{W}p")
    numbering = etree.SubElement(etree.SubElement(paragraph, f"{W}pPr"), f"{W}numPr")
    etree.SubElement(numbering, f"{W}numId").set(f"{W}val", "0")
    paragraph.append(view.run_of(text))
    return paragraph
