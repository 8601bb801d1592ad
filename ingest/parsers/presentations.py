"""Slides in their final view: a plain deck that unstructured reads, and what it would miss.

What stands on a slide but is not a shape with a text (diagrams, charts, what is said of pictures),
its comments and its notes are elements of their own, below the slide's text.
"""

import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from lxml import etree

from ingest.parsers import charts, formulas, main_parts
from ingest.parsers.in_pictures import BLIP, InPictures
from ingest.parsers.noticing import counted, of_parts
from ingest.parsers.ooxml import (
    A,
    M,
    P,
    Package,
    R,
    Relation,
    choose,
    drawn,
    remove,
)
from ingest.parsers.packing import packed
from kb.types.parsed import COMMENT, Element, Notice

P188 = "{http://schemas.microsoft.com/office/powerpoint/2018/8/main}"
SLIDE = re.compile(r"ppt/slides/slide\d+\.xml$")
BARE_LAYOUT, BARE_MASTER = "ppt/slideLayouts/bare.xml", "ppt/slideMasters/bare.xml"
BARE = (
    f'<p:{{}} xmlns:p="{P[1:-1]}"><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/>'
    "<p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/></p:spTree></p:cSld></p:{}>"
)
LAYOUT, MASTER = (BARE.format(n, n).encode() for n in ("sldLayout", "sldMaster"))
OF_NOTES = {"sldImg", "sldNum", "hdr", "ftr", "dt"}
"""What is on every page of notes: the slide's picture, numbers, dates."""
LONGEST_NUMBER = 12
"""Most digits of a number that python-pptx is given."""
LONGEST = 200
"""Characters of a merged cell that is repeated in each of its places."""


@dataclass(slots=True)
class Deck:
    """Slides as they are seen; ``beside`` by the slide's number, from 1."""

    file: io.BytesIO
    slides: int
    beside: dict[int, list[Element]] = field(default_factory=dict)
    unread: int = 0
    cut: int = 0
    hidden: int = 0

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the ledger says of it."""
        hidden = counted(Notice("hidden_slides", {"slides": self.hidden}))
        return (*hidden, *of_parts(self.unread, self.cut))


def seen(path: Path, within: InPictures) -> Deck:
    """The final view of a presentation; ``within`` reads its pictures.

    Raises:
        KeyError, zipfile.BadZipFile, etree.XMLSyntaxError: the presentation itself is damaged.
    """
    with Package(path) as package:
        deck = _PresentationReading(package, within).deck()
        deck.unread += len(package.unread)
        deck.cut += len(package.cut)
        return deck


class _PresentationReading:
    """One presentation while it is read."""

    def __init__(self, package: Package, within: InPictures) -> None:
        self._package = package
        self._within = within
        self._main = main_parts.of(package, "pptx")
        self._deck = Deck(io.BytesIO(), 0)
        self._looked_behind: set[str] = set()
        self._parts: dict[str, bytes] = {}
        self._relations: dict[str, dict[str, Relation]] = {}

    def deck(self) -> Deck:
        root = self._package.root(self._main)
        related = self._package.related(self._main)
        authors = self._authors(related)
        kept = {}
        for listed, target in self._listed(root, related):
            slide = self._with_shapes(target) if target else None
            if slide is None:
                self._deck.unread += not target
                remove(listed)
                continue
            self._deck.slides += 1
            kept[listed.get(f"{R}id", "")] = Relation("slide", target)
            self._deck.hidden += slide.get("show") in {"0", "false"}
            self._slide(self._deck.slides, target, slide, authors)
        self._parts[self._main] = etree.tostring(root)
        self._keep_looks(related, kept)
        self._deck.file = packed(
            "presentationml.presentation", self._main, self._parts, self._relations
        )
        return self._deck

    def _listed(
        self, root: etree._Element, related: dict[str, Relation]
    ) -> list[tuple[etree._Element, str]]:
        """The slides as they are listed, each with its part; empty where it is missing."""
        listed = list(root.iter(f"{P}sldId"))
        if any(relation.kind == "slide" for relation in related.values()):
            found = (related.get(node.get(f"{R}id", "")) for node in listed)
            return [(n, r.target if r else "") for n, r in zip(listed, found, strict=True)]
        names = sorted(
            (n for n in self._package.names if SLIDE.match(n)), key=lambda n: (len(n), n)
        )
        return list(itertools.zip_longest(listed, names[: len(listed)], fillvalue=""))

    def _authors(self, related: dict[str, Relation]) -> dict[str, str]:
        """Names of those who comment."""
        names: dict[str, str] = {}
        for relation in related.values():
            if relation.kind in {"commentAuthors", "authors"}:
                root = self._package.readable(relation.target)
                if root is not None:
                    names |= {a.get("id", ""): a.get("name", "") for a in root}
        return names

    def _slide(self, number: int, name: str, root: etree._Element, authors: dict[str, str]) -> None:
        related = self._package.related(name)
        if not related:  # each slide has a layout at least
            self._package.unread.add(f"{name}.rels")
        _simplify(root)
        self._parts[name] = etree.tostring(root)
        found = list(self._on_slide(root, related))
        if root.get("showMasterSp") not in {"0", "false"}:
            found += self._behind(related)
        for relation in related.values():
            if relation.kind in {"comments", "notesSlide"}:
                part = self._package.readable(relation.target)
                if part is not None:
                    of = _comments(part, authors) if relation.kind == "comments" else _notes(part)
                    found += of
        self._deck.beside[number] = [msgspec.structs.replace(e, page=number) for e in found]

    def _behind(self, related: dict[str, Relation], kind: str = "slideLayout") -> Iterator[Element]:
        """What a slide's layout, and then its master, write on their slides, on the first of them.

        A master names all of its layouts; what those write that no slide has, nobody sees.
        """
        for relation in related.values():
            if relation.kind != kind or relation.target in self._looked_behind:
                continue
            self._looked_behind.add(relation.target)
            part = self._package.readable(relation.target)
            for shape in () if part is None else part.iter(f"{P}sp"):
                if shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph") is None and (lines := drawn(shape)):
                    yield Element(kind="NarrativeText", text="\n".join(lines))
            if kind == "slideLayout":
                yield from self._behind(self._package.related(relation.target), "slideMaster")

    def _on_slide(self, root: etree._Element, related: dict[str, Relation]) -> Iterator[Element]:
        about = " ".join(node.text or "" for node in root.iter(f"{A}t"))
        for node in root.iter(f"{P}cNvPr", BLIP, *charts.TAGS):
            if node.tag == BLIP:
                yield from self._within.inserted(self._package, related, node, about)
                continue
            if node.tag == f"{P}cNvPr":
                if text := charts.alternative(node):
                    yield Element(kind="FigureCaption", text=text)
                continue
            yield from charts.elements_of(self._package, related.get(charts.id_of(node)), node)

    def _keep_looks(self, related: dict[str, Relation], slides: dict[str, Relation]) -> None:
        """Layouts and masters, which say where the shapes of slides are.

        A bare one is in the place of one that is missing or damaged.
        """
        masters = {i: r for i, r in related.items() if r.kind == "slideMaster"}
        self._relations[self._main] = {**masters, **slides}
        for master in masters.values():
            self._keep(master, MASTER)
        for slide in slides.values():
            layouts = self._of_kind(slide.target, "slideLayout", BARE_LAYOUT)
            self._relations[slide.target] = layouts
            for layout in layouts.values():
                self._keep(layout, LAYOUT)
                above = self._of_kind(layout.target, "slideMaster", BARE_MASTER)
                self._relations[layout.target] = above
                for master in above.values():
                    self._keep(master, MASTER)

    def _of_kind(self, name: str, kind: str, bare: str) -> dict[str, Relation]:
        related = self._package.related(name) if name in self._package.names else {}
        found = {i: r for i, r in related.items() if r.kind == kind}
        return found or {"rId1": Relation(kind, bare)}

    def _with_shapes(self, name: str) -> etree._Element | None:
        """A part's root where shapes can stand on it; None where not, which is noted."""
        root = self._package.readable(name)
        if root is not None and root.find(f"{P}cSld/{P}spTree") is None:
            self._package.unread.add(name)
            return None
        return root

    def _keep(self, relation: Relation, bare: bytes) -> None:
        if relation.target in self._parts:
            return
        is_there = relation.target in self._package.names
        root = self._with_shapes(relation.target) if is_there else None
        self._parts[relation.target] = bare if root is None else etree.tostring(root)


def _simplify(root: etree._Element) -> None:
    """Shapes with texts, where they can be seen; formulas as text, merged cells filled."""
    choose(root)
    for formula in list(root.iter(f"{M}oMath")):
        run = etree.Element(f"{A}r")
        etree.SubElement(run, f"{A}t").text = formulas.linear(formula)
        outermost = formula
        while outermost.getparent() is not None and outermost.getparent().tag != f"{A}p":
            outermost = outermost.getparent()
        if outermost.getparent() is not None:
            outermost.addprevious(run)
    for node in list(root.iter(f"{A}fld")):
        _show_field(node)
    for place in root.iter(f"{A}off", f"{A}ext"):
        for side in ("x", "y", "cx", "cy"):
            written = place.get(side, "0")
            if not written.isdecimal() or len(written) > LONGEST_NUMBER:
                place.set(side, "0")  # unstructured leaves out what begins beyond the edge
    for table in root.iter(f"{A}tbl"):
        _fill(table)


def _show_field(node: etree._Element) -> None:
    """A date is a run, which python-pptx reads alone; the slide's number is no text."""
    if node.get("type") == "slidenum":
        remove(node)
        return
    for properties in node.findall(f"{A}pPr"):
        remove(properties)
    node.tag = f"{A}r"
    node.attrib.clear()


def _fill(table: etree._Element) -> None:
    """Give each place of a merged cell its text."""
    above: list[str] = []
    for row in table.iterchildren(f"{A}tr"):
        cells = list(row.iterchildren(f"{A}tc"))
        texts: list[str] = []
        for number, cell in enumerate(cells):
            text = "\n".join(drawn(cell))
            if cell.get("hMerge") in {"1", "true"}:
                text = _put(cell, texts[-1] if texts else "")
            elif cell.get("vMerge") in {"1", "true"}:
                text = _put(cell, above[number] if number < len(above) else "")
            is_whole_row = cell.get("gridSpan") == str(len(cells)) and len(cells) > 1
            texts.append("" if is_whole_row else text)
        above = texts


def _put(cell: etree._Element, text: str) -> str:
    body = cell.find(f"{A}txBody")
    if body is None or not text or len(text) > LONGEST or drawn(cell):
        return "\n".join(drawn(cell)) or text
    for paragraph in list(body.iterchildren(f"{A}p")):
        remove(paragraph)
    run = etree.SubElement(etree.SubElement(body, f"{A}p"), f"{A}r")
    etree.SubElement(run, f"{A}t").text = text
    return text


def _notes(root: etree._Element) -> Iterator[Element]:
    """What the speaker notes below the slide."""
    texts: list[str] = []
    for shape in root.iter(f"{P}sp"):
        place = shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph")
        if place is None or place.get("type") not in OF_NOTES:
            texts += drawn(shape)
    if texts:
        yield Element(kind="NarrativeText", text="\n".join(texts))


def _comments(root: etree._Element, authors: dict[str, str]) -> Iterator[Element]:
    """Comments and what was answered, of both kinds of PowerPoint."""
    for comment in root.iter(f"{P}cm", f"{P188}cm", f"{P188}reply"):
        body = comment.find(f"{P188}txBody")
        lines = [comment.findtext(f"{P}text") or ""] if body is None else drawn(body)
        text = "\n".join(line.strip() for line in lines if line.strip())
        if text:
            author = authors.get(comment.get("authorId", ""), "")
            text = f"{author}: {text}" if author else text
            yield Element(kind="NarrativeText", text=text, section=COMMENT)
