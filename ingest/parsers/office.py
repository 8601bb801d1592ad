"""Office files, web pages and text by unstructured, made into our elements.

The replacement of unstructured's text tools is installed before it is imported: nothing is
fetched, nothing is reported, and torch stays out of the parsers' processes.
"""

import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from ingest.parsers import text_types

text_types.install()

import msgspec  # noqa: E402
from lxml import etree, html  # noqa: E402
from unstructured.documents.elements import Element as Raw  # noqa: E402

from ingest.parsers import detection, hidden, libreoffice, packages, tables  # noqa: E402
from ingest.parsers.encoding import decode  # noqa: E402
from ingest.parsers.kinds import MEDIA_TYPES  # noqa: E402
from ingest.parsers.names import safe_name  # noqa: E402
from ingest.parsers.ooxml import UNREADABLE  # noqa: E402
from ingest.parsers.options import Options  # noqa: E402
from ingest.parsers.word import document, notes  # noqa: E402
from kb.errors import FileProblem  # noqa: E402
from kb.types.parsed import Element, Member, Notice, Parsed  # noqa: E402

LEFT_OUT = {"Header", "Footer", "PageBreak", "PageNumber", "Image"}
PRINTED = {"Header", "Footer"}
"""In Word they are of a section, not of a page: numbers of documents, who approved it."""
PAGED = {"pptx"}
"""Kinds whose page numbers mean something: slides. Word's depend on the printer."""
PACKAGES = {"docx", "pptx"}
DEEPEST = 3
"""Documents that are inserted in one another are read down to here."""


@dataclass(slots=True)
class Read:
    """What was found in a file, and the texts in it that a reader does not see."""

    elements: list[Element]
    unseen: list[str] = field(default_factory=list)
    notices: tuple[Notice, ...] = ()
    members: list[Member] = field(default_factory=list)


def _partition(name: str, **given: Any) -> list[Raw]:
    """Read by unstructured. A reader is loaded at its first use: all of them take seconds."""
    reader = getattr(import_module(f"unstructured.partition.{name}"), f"partition_{name}")
    found: list[Raw] = reader(languages=[""], **given)
    return found


def _docx(path: Path, depth: int = 0) -> Read:
    seen = document.seen(path)
    read = Read([], seen.unseen)
    printed: set[str] = set()
    for element in elements_of(_partition("docx", file=seen.file), LEFT_OUT - PRINTED):
        if element.kind in PRINTED:
            read.elements += _once(element, printed)
        elif element.text not in seen.pieces:
            read.elements.append(element)
        for piece in seen.pieces.get(element.text, ()):
            seen.unread += not _place(piece, read, depth)
    read.notices += seen.notices
    return read


def _once(element: Element, printed: set[str]) -> Iterator[Element]:
    """A header or footer without what only counts pages, where no section before had it."""
    text = notes.without_counting(element.text)
    if text and text not in printed:
        printed.add(text)
        yield msgspec.structs.replace(element, text=text)


def _place(piece: document.Piece, read: Read, depth: int) -> bool:
    """Add what unstructured would miss; whether it could be read."""
    if isinstance(piece, Element):
        read.elements.append(piece)
        return True
    with tempfile.NamedTemporaryFile(suffix=PurePosixPath(piece.name).suffix) as file:
        file.write(piece.content)
        file.flush()
        try:
            kind = detection.kind_of(Path(file.name), piece.name)
            if kind not in PARTITION or depth >= DEEPEST:
                read.members.append(Member(name=safe_name(piece.name), content=piece.content))
                return True
            inner = (
                _docx(Path(file.name), depth + 1)
                if kind == "docx"
                else PARTITION[kind](Path(file.name))
            )
        except (FileProblem, *UNREADABLE):
            return False
    read.elements += inner.elements
    read.unseen += inner.unseen
    read.notices += inner.notices
    read.members += inner.members
    return True


def _pptx(path: Path) -> Read:
    plain = str(packages.plain(path, "pptx"))
    raw = _partition("pptx", filename=plain, include_slide_notes=True)
    return Read(list(_slides(elements_of(raw, with_pages=True))))


def _by_name(kind: str) -> Callable[[Path], Read]:
    return lambda path: Read(list(elements_of(_partition(kind, filename=str(path)))))


def _html(path: Path) -> Read:
    seen, unseen = hidden.in_html(decode(path.read_bytes()))
    return Read(list(elements_of(_partition("html", text=seen))), unseen)


def _of_text(name: str) -> Callable[[Path], Read]:
    return lambda path: Read(list(elements_of(_partition(name, text=decode(path.read_bytes())))))


PARTITION: dict[str, Callable[[Path], Read]] = {
    "docx": _docx,
    "pptx": _pptx,
    "odt": _by_name("odt"),
    "rtf": _by_name("rtf"),
    "epub": _by_name("epub"),
    "html": _html,
    "md": _of_text("md"),
    "txt": _of_text("text"),
}


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Read a file of one of the kinds above.

    Raises:
        FileProblem: a bomb, or of a variant that needs LibreOffice, which is not installed.
        Exception: whatever else unstructured raises; the caller takes it for the file's problem.
    """
    members: list[Member] = []
    left_out = 0
    if kind in PACKAGES:
        packages.check(path)
        if packages.is_strict(path):
            path = libreoffice.convert(path, kind, kind)
        members, left_out = packages.embedded(path, options)
    read = PARTITION[kind](path)
    elements = (*read.elements, *hidden.elements(read.unseen))
    pages = max((e.page or 0 for e in elements), default=0) or None
    return Parsed(
        parser="unstructured",
        media_type=MEDIA_TYPES[kind],
        elements=elements,
        title=_html_title(path) if kind == "html" else None,
        pages=pages,
        members=(*members, *read.members),
        problem="members_left_out" if left_out else None,
        problem_parameters={"members": left_out} if left_out else {},
        notices=read.notices,
    )


def elements_of_text(text: str, kind: str) -> list[Element]:
    """Elements of a text that another file carried: HTML (``html``) or plain (``txt``)."""
    if not text.strip():
        return []
    if kind != "html":
        return list(elements_of(_partition("text", text=text)))
    seen, unseen = hidden.in_html(text)
    found = elements_of(_partition("html", text=seen)) if seen.strip() else ()
    return [*found, *hidden.elements(unseen)]


def elements_of(
    raw: Iterable[Raw], left_out: AbstractSet[str] = LEFT_OUT, *, with_pages: bool = False
) -> Iterator[Element]:
    """Our elements, in reading order, without what repeats on every page."""
    for element in raw:
        text = element.text.strip() if element.text else ""
        kind = type(element).__name__
        if kind in left_out or not text:
            continue
        page = element.metadata.page_number if with_pages else None
        table = _table(element.metadata.text_as_html) if kind == "Table" else None
        if table is not None:
            yield msgspec.structs.replace(table, page=page, section=element.metadata.page_name)
            continue
        yield Element(
            kind=kind,
            text=text,
            page=page,
            level=element.metadata.category_depth or 0 if kind == "Title" else 0,
            section=element.metadata.page_name,
        )


def _slides(elements: Iterable[Element]) -> Iterator[Element]:
    """A slide has one heading, and it comes first; the notes and short lines below are text."""
    for _, group in itertools.groupby(elements, lambda e: e.page):
        slide = list(group)
        heading = next((e for e in slide if e.kind == "Title"), None)
        if heading is not None:
            yield msgspec.structs.replace(heading, level=0)
        for element in slide:
            if element is not heading:
                is_title = element.kind == "Title"
                yield msgspec.structs.replace(element, kind="ListItem") if is_title else element


def _table(source: str | None) -> Element | None:
    """A table as its cells, each in its columns; None where there are none."""
    if not source:
        return None
    tree = html.fragment_fromstring(source, create_parent="div")
    return tables.of_cells(
        [
            [
                (
                    " ".join(cell.text_content().split()),
                    _span(cell, "rowspan"),
                    _span(cell, "colspan"),
                )
                for cell in row.iter("td", "th")
            ]
            for row in tree.iter("tr")
        ]
    )


def _span(cell: html.HtmlElement, name: str) -> int:
    value = cell.get(name, "1").strip()
    return max(1, min(int(value), tables.WIDEST)) if value.isdecimal() else 1


def _html_title(path: Path) -> str | None:
    try:
        tree = html.fromstring(
            decode(path.read_bytes()).encode(), parser=html.HTMLParser(encoding="utf-8")
        )
    except (etree.ParserError, ValueError):
        return None
    title = tree.findtext(".//title")
    return " ".join(title.split()) if title and title.strip() else None
