"""Office files, web pages and text by unstructured, made into our elements.

The replacement of unstructured's text tools is installed before it is imported: nothing is
fetched, nothing is reported, and torch stays out of the parsers' processes.
"""

import itertools
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from ingest.parsers import text_types

text_types.install()

import msgspec  # noqa: E402
from lxml import etree, html  # noqa: E402
from unstructured.documents.elements import Element as Raw  # noqa: E402

from ingest.parsers import hidden, libreoffice, packages, tables  # noqa: E402
from ingest.parsers.encoding import decode  # noqa: E402
from ingest.parsers.kinds import MEDIA_TYPES  # noqa: E402
from ingest.parsers.options import Options  # noqa: E402
from kb.types.parsed import Element, Member, Parsed  # noqa: E402

LEFT_OUT = {"Header", "Footer", "PageBreak", "PageNumber", "Image"}
PAGED = {"pptx"}
"""Kinds whose page numbers mean something: slides. Word's depend on the printer."""
PACKAGES = {"docx", "pptx"}
Read = tuple[list[Raw], list[str]]
"""What unstructured found, and the texts that a reader does not see."""


def _partition(name: str, **given: Any) -> list[Raw]:
    """Read by unstructured. A reader is loaded at its first use: all of them take seconds."""
    reader = getattr(import_module(f"unstructured.partition.{name}"), f"partition_{name}")
    found: list[Raw] = reader(languages=[""], **given)
    return found


def _docx(path: Path) -> Read:
    plain = packages.plain(path, "docx")
    seen, unseen = hidden.in_docx(plain)
    if seen is None:
        return _partition("docx", filename=str(plain)), []
    return _partition("docx", file=seen), unseen


def _pptx(path: Path) -> Read:
    plain = str(packages.plain(path, "pptx"))
    return _partition("pptx", filename=plain, include_slide_notes=True), []


def _odt(path: Path) -> Read:
    return _partition("odt", filename=str(path)), []


def _rtf(path: Path) -> Read:
    return _partition("rtf", filename=str(path)), []


def _epub(path: Path) -> Read:
    return _partition("epub", filename=str(path)), []


def _html(path: Path) -> Read:
    seen, unseen = hidden.in_html(decode(path.read_bytes()))
    return _partition("html", text=seen), unseen


def _md(path: Path) -> Read:
    return _partition("md", text=decode(path.read_bytes())), []


def _txt(path: Path) -> Read:
    return _partition("text", text=decode(path.read_bytes())), []


PARTITION: dict[str, Callable[[Path], Read]] = {
    "docx": _docx,
    "pptx": _pptx,
    "odt": _odt,
    "rtf": _rtf,
    "epub": _epub,
    "html": _html,
    "md": _md,
    "txt": _txt,
}


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Read a file of one of the kinds above.

    Raises:
        FileProblem: a bomb, or of a variant that needs LibreOffice, which is not installed.
        Exception: whatever else unstructured raises; the caller takes it for the file's problem.
    """
    members: list[Member] = []
    left_out, boxes = 0, []
    if kind in PACKAGES:
        packages.check(path)
        if packages.is_strict(path):
            path = libreoffice.convert(path, kind, kind)
        members, left_out = packages.embedded(path, options)
        boxes = packages.word_boxes(path)
    raw, unseen = PARTITION[kind](path)
    elements = tuple(elements_of(raw, with_pages=kind in PAGED))
    if kind in PAGED:
        elements = tuple(_slides(elements))
    elements += tuple(Element(kind="NarrativeText", text=text) for text in boxes)
    elements += hidden.elements(unseen)
    pages = max((e.page or 0 for e in elements), default=0) or None
    return Parsed(
        parser="unstructured",
        media_type=MEDIA_TYPES[kind],
        elements=elements,
        title=_html_title(path) if kind == "html" else None,
        pages=pages,
        members=tuple(members),
        problem="members_left_out" if left_out else None,
        problem_parameters={"members": left_out} if left_out else {},
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


def elements_of(raw: Iterable[Raw], *, with_pages: bool = False) -> Iterable[Element]:
    """Our elements, in reading order, without what repeats on every page."""
    for element in raw:
        text = element.text.strip() if element.text else ""
        kind = type(element).__name__
        if kind in LEFT_OUT or not text:
            continue
        page = element.metadata.page_number if with_pages else None
        rows = _rows(element.metadata.text_as_html) if kind == "Table" else None
        if rows:
            text = "\n".join(tables.CELLS.join(row) for row in rows)
        yield Element(
            kind=kind,
            text=text,
            page=page,
            level=element.metadata.category_depth or 0 if kind == "Title" else 0,
            section=element.metadata.page_name,
            rows=rows,
        )


def _slides(elements: tuple[Element, ...]) -> Iterable[Element]:
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


def _rows(table: str | None) -> tuple[tuple[str, ...], ...] | None:
    if not table:
        return None
    tree = html.fragment_fromstring(table, create_parent="div")
    rows = [
        tuple(" ".join(cell.text_content().split()) for cell in row.iter("td", "th"))
        for row in tree.iter("tr")
    ]
    filled = [row for row in rows if any(row)]
    return tuple(filled) or None


def _html_title(path: Path) -> str | None:
    try:
        tree = html.fromstring(
            decode(path.read_bytes()).encode(), parser=html.HTMLParser(encoding="utf-8")
        )
    except (etree.ParserError, ValueError):
        return None
    title = tree.findtext(".//title")
    return " ".join(title.split()) if title and title.strip() else None
