"""What stands on a workbook's sheets beside their cells: comments, text boxes, charts, headers."""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import msgspec
from lxml import etree

from ingest.parsers import charts, main_parts
from ingest.parsers.ooxml import UNREADABLE, Package, R, Relation, S, choose, drawn, walked
from kb.types.parsed import COMMENT, Element

XDR = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
THREADED = "{http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments}"
PRINTED = {
    kind: re.compile(rf"<(?:odd|even|first){kind}>([^<]*)<".encode())
    for kind in ("Header", "Footer")
}
FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
SHEET = re.compile(r"xl/worksheets/[^/]+\.xml$")
HEADER_CODE = re.compile(r'&(?:"[^"]*"|K[0-9A-F]{6}|\d+|[LCRPNDTFAGBIUESXYZ&+-])')
"""What in a printed header is not its text: places, fonts, numbers of pages, names of files."""


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A sheet of a workbook: what it is called, and its part of the package."""

    name: str
    target: str
    is_hidden: bool


def parts(package: Package) -> list[SheetPart]:
    """The sheets of a workbook, in order.

    Raises:
        KeyError, etree.XMLSyntaxError and others of ``UNREADABLE``: the workbook is damaged.
    """
    main = main_parts.of(package, "xlsx")
    related = package.related(main)
    listed = list(package.root(main).iter(f"{S}sheet"))
    targets = {i: r.target for i, r in related.items() if r.kind.endswith("sheet")}
    if not targets:  # they are damaged, and most programs number the sheets as they follow
        names = sorted((n for n in package.names if SHEET.match(n)), key=lambda n: (len(n), n))
        targets = dict(zip((node.get(f"{R}id", "") for node in listed), names, strict=False))
    found = []
    for sheet in listed:
        identity = sheet.get(f"{R}id", "")
        if identity in targets:
            is_hidden = sheet.get("state", "visible") != "visible"
            found.append(SheetPart(sheet.get("name", ""), targets[identity], is_hidden))
        elif identity not in package.missing:
            package.unread.add(f"{main}#{identity}")
    return found


def valueless(package: Package, sheets: list[SheetPart]) -> int:
    """How many formulas of sheets have no value: their cells show nothing."""
    found = 0
    for sheet in sheets:
        try:
            found += _valueless(package.content(sheet.target))
        except UNREADABLE:  # it is said when the sheet itself is read
            continue
    return found


def _valueless(content: bytes) -> int:
    if not FORMULA.search(content):
        return 0
    found = 0
    for cell in walked(io.BytesIO(content), f"{S}c"):
        if cell.find(f"{S}f") is not None:
            value = cell.find(f"{S}v")
            found += cell.get("t") != "str" and (value is None or not value.text)
    return found


def beside(package: Package, part: SheetPart, filled: AbstractSet[str]) -> list[Element]:
    """What stands on a sheet beside its cells; ``filled`` are the sheets whose cells are read."""
    found = list(_headers(package, part))
    related = list(package.related(part.target).values())
    for target, root in _roots(package, related, "drawing"):
        found += _drawing(package, target, root, part.name, filled)
    for reference, texts in _comments(package, related).items():
        text = "\n".join([f"{part.name}!{reference}: {texts[0]}", *texts[1:]])
        found.append(Element(kind="NarrativeText", text=text, section=COMMENT))
    return found


def _roots(
    package: Package, related: Sequence[Relation], kind: str
) -> Iterator[tuple[str, etree._Element]]:
    """The parts of a kind, of those that belong to a sheet: the name and root of what is read."""
    for relation in related:
        root = package.readable(relation.target) if relation.kind == kind else None
        if root is not None:
            yield relation.target, root


def _comments(package: Package, related: Sequence[Relation]) -> dict[str, list[str]]:
    """What people wrote at each cell. Where there is a thread, a note only says that there is."""
    threads = [root for _, root in _roots(package, related, "threadedComment")]
    found = _by_cell(pair for root in threads for pair in _threaded(root))
    for _, root in _roots(package, related, "comments"):
        notes = _by_cell(_notes(root))
        found |= {reference: texts for reference, texts in notes.items() if reference not in found}
    return found


def _by_cell(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for reference, text in pairs:
        found.setdefault(reference, []).append(text)
    return found


def _notes(root: etree._Element) -> Iterator[tuple[str, str]]:
    for comment in root.iter(f"{S}comment"):
        text = "".join(t.text or "" for t in comment.iter(f"{S}t")).strip()
        if text:
            yield comment.get("ref", ""), " ".join(text.split())


def _threaded(root: etree._Element) -> Iterator[tuple[str, str]]:
    for comment in root.iter(f"{THREADED}threadedComment"):
        text = " ".join((comment.findtext(f"{THREADED}text") or "").split())
        if text:
            yield comment.get("ref", ""), text


def _drawing(
    package: Package, target: str, root: etree._Element, sheet: str, filled: AbstractSet[str]
) -> Iterator[Element]:
    """Shapes, pictures, charts and diagrams, in the order in which they lie over each other."""
    related = package.related(target)
    choose(root)
    for node in root.iter(f"{XDR}txBody", f"{XDR}cNvPr", *charts.TAGS):
        if node.tag == f"{XDR}txBody":
            text = "\n".join(drawn(node))
            if text:
                yield Element(kind="NarrativeText", text=text, section=sheet)
            continue
        if node.tag == f"{XDR}cNvPr":
            if text := charts.alternative(node):
                yield Element(kind="FigureCaption", text=text, section=sheet)
            continue
        found = charts.elements_of(package, related.get(charts.id_of(node)), node, filled)
        yield from (msgspec.structs.replace(element, section=sheet) for element in found)


def _headers(package: Package, part: SheetPart) -> Iterator[Element]:
    """What is printed above and below each page of a sheet."""
    try:
        content = package.content(part.target)
    except UNREADABLE:
        return
    at = content.rfind(b"<headerFooter")
    until = content.find(b"</headerFooter>", at)
    if at < 0 or until < 0:
        return
    for kind, pattern in PRINTED.items():
        for text in dict.fromkeys(pattern.findall(content[at:until])):
            shown = _unescaped(text)
            if shown:
                yield Element(kind=kind, text=shown, section=part.name)


def _unescaped(text: bytes) -> str:
    """A header's text without its codes."""
    plain = text.decode("utf-8", "replace")
    for entity, character in (("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        plain = plain.replace(entity, character)
    words = " ".join(HEADER_CODE.sub(" ", plain).split())
    return words if sum(c.isalnum() for c in words) > 2 else ""
