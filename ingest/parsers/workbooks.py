"""What stands on a workbook's sheets beside their cells: comments, text boxes, charts, headers."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from ingest.parsers import charts
from ingest.parsers.filling import Filling
from ingest.parsers.ooxml import CX, DGM, UNREADABLE, C, Package, R, choose, drawn
from kb.types.parsed import COMMENT, Element

S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
XDR = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
THREADED = "{http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments}"
FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
HEADER_CODE = re.compile(r'&(?:"[^"]*"|K[0-9A-F]{6}|\d+|[LCRPNDTFAGBIUESXYZ&+-])')
"""What in a printed header is not its text: places, fonts, numbers of pages, names of files."""


@dataclass(frozen=True, slots=True)
class Part:
    """A sheet of a workbook: what it is called, and its part of the package."""

    name: str
    target: str
    is_hidden: bool


def parts(package: Package) -> list[Part]:
    """The sheets of a workbook, in order."""
    main = package.main()
    related = package.related(main)
    return [
        Part(
            sheet.get("name", ""),
            related[sheet.get(f"{R}id", "")].target,
            sheet.get("state", "visible") != "visible",
        )
        for sheet in package.root(main).iter(f"{S}sheet")
        if sheet.get(f"{R}id", "") in related
    ]


def valueless(path: Path) -> int:
    """How many formulas of the sheets that are seen have no value; openpyxl shows them empty."""
    with Package(path) as package:
        seen = [part.target for part in parts(package) if not part.is_hidden]
        return sum(_valueless(package.content(target)) for target in seen)


def _valueless(content: bytes) -> int:
    if not FORMULA.search(content):
        return 0
    found = 0
    events = etree.iterparse(
        io.BytesIO(content), tag=f"{S}c", resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False,
    )  # fmt: skip
    for _, cell in events:
        if cell.find(f"{S}f") is not None:
            value = cell.find(f"{S}v")
            found += cell.get("t") != "str" and (value is None or not value.text)
        cell.clear()
    return found


def beside(path: Path, filling: Filling) -> dict[str, list[Element]]:
    """By sheet that is seen: what stands on it beside its cells."""
    found: dict[str, list[Element]] = {}
    with Package(path) as package:
        for part in parts(package):
            if not part.is_hidden:
                found[part.name] = [*_beside(package, part, filling)]
    return found


def _beside(package: Package, part: Part, filling: Filling) -> Iterator[Element]:
    try:
        related = package.related(part.target)
        yield from _headers(package.content(part.target), part.name)
    except UNREADABLE:
        filling.unread += 1
        return
    comments: dict[str, list[str]] = {}
    for relation in sorted(related.values(), key=lambda r: r.kind != "threadedComment"):
        try:
            root = package.root(relation.target) if relation.kind in READ else None
        except UNREADABLE:
            filling.unread += 1
            continue
        if relation.kind == "threadedComment":
            _threaded(root, comments)
        elif relation.kind == "comments":
            _comments(root, comments)
        elif relation.kind == "drawing":
            yield from _drawing(package, relation.target, root, part.name, filling)
    for reference, texts in comments.items():
        text = "\n".join([f"{part.name}!{reference}: {texts[0]}", *texts[1:]])
        yield Element(kind="NarrativeText", text=text, section=COMMENT)


READ = {"threadedComment", "comments", "drawing"}


def _comments(root: etree._Element, comments: dict[str, list[str]]) -> None:
    """Notes; where there is a thread at a cell, the note only says that there is one."""
    threads = set(comments)
    for comment in root.iter(f"{S}comment"):
        text = "".join(t.text or "" for t in comment.iter(f"{S}t")).strip()
        reference = comment.get("ref", "")
        if text and reference not in threads:
            comments.setdefault(reference, []).append(" ".join(text.split()))


def _threaded(root: etree._Element, comments: dict[str, list[str]]) -> None:
    for comment in root.iter(f"{THREADED}threadedComment"):
        text = " ".join((comment.findtext(f"{THREADED}text") or "").split())
        if text:
            comments.setdefault(comment.get("ref", ""), []).append(text)


def _drawing(
    package: Package, target: str, root: etree._Element, sheet: str, filling: Filling
) -> Iterator[Element]:
    """Shapes, pictures, charts and diagrams, in the order in which they lie over each other."""
    related = package.related(target)
    choose(root)
    for node in root.iter(f"{XDR}txBody", f"{XDR}cNvPr", f"{C}chart", f"{CX}chart", f"{DGM}relIds"):
        if node.tag == f"{XDR}txBody":
            text = "\n".join(drawn(node))
            if text:
                yield Element(kind="NarrativeText", text=text, section=sheet)
            continue
        if node.tag == f"{XDR}cNvPr":
            if text := charts.alternative(node):
                yield Element(kind="FigureCaption", text=text, section=sheet)
            continue
        is_diagram = node.tag == f"{DGM}relIds"
        relation = related.get(node.get(f"{R}dm" if is_diagram else f"{R}id", ""))
        try:
            inner = package.root(relation.target) if relation else None
        except UNREADABLE:
            filling.unread += 1
            continue
        if inner is not None:
            written = charts.of_diagram(inner) if is_diagram else charts.named(inner)
            yield from (_in(element, sheet) for element in written)


def _in(element: Element, sheet: str) -> Element:
    return Element(kind=element.kind, text=element.text, section=sheet)


def _headers(content: bytes, sheet: str) -> Iterator[Element]:
    """What is printed above and below each page of a sheet."""
    at = content.rfind(b"<headerFooter")
    until = content.find(b"</headerFooter>", at)
    if at < 0 or until < 0:
        return
    for kind, tag in (("Header", "Header"), ("Footer", "Footer")):
        found = re.findall(rf"<(?:odd|even|first){tag}>([^<]*)<".encode(), content[at:until])
        for text in dict.fromkeys(found):
            shown = _unescaped(text)
            if shown:
                yield Element(kind=kind, text=shown, section=sheet)


def _unescaped(text: bytes) -> str:
    """A header's text without its codes."""
    plain = text.decode("utf-8", "replace")
    for entity, character in (("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        plain = plain.replace(entity, character)
    words = " ".join(HEADER_CODE.sub(" ", plain).split())
    return words if sum(c.isalnum() for c in words) > 2 else ""
