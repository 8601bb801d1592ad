"""The viewer: a document with the cited words highlighted."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from litestar import MediaType, Request, Response, get

from kb.errors import NotFoundError
from kb.files import originals
from kb.files import rendering as places
from kb.library.documents import Viewed
from kb.surface import reasons
from kb.types.library import Document
from kb.types.parsed import COMMENT, HIDDEN, Box, Element, Parsed
from web.asker import knowledge_base, principal_of, shares
from web.auth.who import READER
from web.i18n import language_of, translations
from web.leaving import unless_gone
from web.numbers import Number
from web.rendering import render

PICTURE_WIDTH = 1100
"""Pixels: the width of a page's picture."""
MOST_BLOCKS = 3000
"""Most blocks of a long document that are shown, around the highlight."""
TEXT_LAYER_PAGES = 2
"""Pages before and behind the shown one that have their text laid over the picture at once."""
MOST_HEADINGS, LONGEST_HEADING, DEEPEST = 200, 120, 4
"""Of what a document's page says that is in it."""


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A stretch of text, marked or not."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class ShownElement:
    """An element as it is shown."""

    tag: str
    pieces: list[MarkedText]
    rows: list[list[list[MarkedText]]]
    page: int | None
    section: str | None
    header_rows: int = 0
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the document, or one of its sheets, and where it stands on the page.

    ``anchor`` is empty where that part of a long document is not on the page.
    """

    text: str
    level: int
    anchor: str


@dataclass(frozen=True, slots=True)
class PdfPage:
    """A page picture with its highlights, and its text to be selected."""

    number: int
    width: float
    height: float
    boxes: list[Box]
    lines: list[tuple[str, Box]]


@dataclass(frozen=True, slots=True)
class Highlight:
    """What is to be marked: boxes by page, and stretches by element."""

    boxes: list[tuple[int, Box]]
    ranges: dict[int, list[tuple[int, int]]]
    lost: bool = False

    @property
    def page(self) -> int | None:
        """The first page with a mark."""
        return min((p for p, _ in self.boxes), default=None)


@get("/documents/{document_id:int}", media_type=MediaType.HTML, include_in_schema=False, who=READER)
async def document(
    request: Request[Any, Any, Any],
    document_id: Number,
    passage: str | None = None,
    start: Number = 0,
    end: Number = 10**9,
    page: Number = 0,
    embed: bool = False,
) -> str:
    """The page of a document: on its left the text or pages, on its right the facts."""
    base, principal = knowledge_base(request), principal_of(request)
    viewed = await base.read(base.documents.viewed, principal, document_id, passage)
    row, marks = viewed.document, _highlight(viewed, start, end)
    await shares(request).looks.run(base.documents.note_opened, principal, row)
    has_pages = _has_pages(row) and viewed.parsed is not None
    original = base.documents.original
    pictures = has_pages and await shares(request).files.run(original, row) is not None
    first = page or marks.page or 1
    is_theirs = principal.answers_for(row.source_id)
    values = _shown(viewed, marks, first, pictures=pictures) | {
        "embed": embed,
        "changed": has_pages and not pictures,
        "has_model": base.model is not None and base.answers.model_problem is None,
        "first": first,
        "picture_width": PICTURE_WIDTH,
        "is_theirs": is_theirs,
        "address": _shown_address(row, is_theirs=is_theirs),
    }
    return render(request, "document.html", values | _reasons(request, row))


def _shown(viewed: Viewed, marks: Highlight, first: int, *, pictures: bool) -> dict[str, Any]:
    """What there is of a document, as its pages or as its text."""
    parsed = viewed.parsed
    blocks = _blocks(parsed, marks) if parsed and not pictures else []
    pages = _pdf_pages(parsed, marks, first) if parsed and pictures else []
    numbers = {p.number for p in pages} | {b.page for b in blocks if b.page}
    anchors = {b.anchor for b in blocks} | {f"page-{number}" for number in numbers}
    return {
        "row": viewed.document,
        "history": viewed.history,
        "container": viewed.container,
        "members": viewed.members,
        "marks": marks,
        "pages": pages,
        "blocks": blocks,
        "cut": parsed is not None and not pictures and len(blocks) < len(parsed.elements),
        "outline": _outline(parsed, anchors) if parsed else [],
    }


def _reasons(request: Request[Any, Any, Any], row: Document) -> dict[str, Any]:
    """Why it, and each of its versions, is not whole or not there, in the reader's language."""
    words = translations(language_of(request))
    return {
        "reason": reasons.render(row.code, row.parameters, words),
        "version_reason": lambda v: reasons.render(v.code, v.parameters, words),
    }


def _shown_address(row: Document, *, is_theirs: bool) -> str | None:
    """Where its readers know it to be; its path here for those alone who answer for it."""
    if not row.shown_as:
        return f"{row.root}/{row.path}" if is_theirs else None
    separator = "\\" if "\\" in row.shown_as else "/"
    return row.shown_as.rstrip(separator) + separator + row.path.replace("/", separator)


def _highlight(viewed: Viewed, start: int, end: int) -> Highlight:
    if viewed.passage is None:
        return Highlight([], {}, lost=viewed.lost)
    stored, layouts = viewed.passage
    return Highlight(
        places.boxes(stored, layouts, start, end), places.ranges(stored, layouts, start, end)
    )


def _has_pages(row: Document) -> bool:
    return row.media_type == "application/pdf" or str(row.media_type).startswith("image/")


def _pdf_pages(parsed: Parsed, marks: Highlight, first: int) -> list[PdfPage]:
    near = range(first - TEXT_LAYER_PAGES, first + TEXT_LAYER_PAGES + 1)
    lines: dict[int, list[tuple[str, Box]]] = {}
    for element in parsed.elements:
        if element.page and element.page in near:
            lines.setdefault(element.page, []).extend(
                (element.text[line.start : line.end], line.box) for line in element.lines
            )
    return [
        PdfPage(
            number,
            width,
            height,
            [box for p, box in marks.boxes if p == number],
            lines.get(number, []),
        )
        for number, (width, height) in enumerate(parsed.page_sizes, 1)
    ]


def _outline(parsed: Parsed, shown: set[str]) -> list[Heading]:
    """Headings as the document has them; else its sections, which are sheets, say.

    Each leads to its block, or else to its page, where that is ``shown``.
    """
    found: list[Heading] = []
    sections: dict[str, Heading] = {}
    for number, element in enumerate(parsed.elements):
        places = (f"e-{number}", f"page-{element.page}")
        anchor = next((place for place in places if place in shown), "")
        text = " ".join(element.text.split())[:LONGEST_HEADING]
        if element.kind == "Title" and text:
            found.append(Heading(text, min(element.level, DEEPEST), anchor))
        elif element.section and element.section not in (HIDDEN, COMMENT):
            sections.setdefault(element.section, Heading(element.section, 0, anchor))
    return (found or list(sections.values()))[:MOST_HEADINGS]


def _blocks(parsed: Parsed, marks: Highlight) -> list[ShownElement]:
    first = max(0, min(marks.ranges, default=0) - MOST_BLOCKS // 2)
    shown = list(enumerate(parsed.elements))[first : first + MOST_BLOCKS]
    return [replace(_block(e, marks.ranges.get(n, [])), anchor=f"e-{n}") for n, e in shown]


def _block(element: Element, ranges: list[tuple[int, int]]) -> ShownElement:
    tags = {"Title": f"h{min(element.level + 2, 5)}", "ListItem": "li", "Table": "table"}
    tag = tags.get(element.kind, "p")
    if element.rows is None:
        pieces = _pieces(element.text, 0, len(element.text), ranges)
        return ShownElement(
            "p" if tag == "table" else tag, pieces, [], element.page, element.section
        )
    rows: list[list[list[MarkedText]]] = []
    position = 0
    for cells in element.rows:
        row: list[list[MarkedText]] = []
        for cell in cells:
            row.append(_pieces(element.text, position, position + len(cell), ranges))
            position += len(cell) + 3
        rows.append(row)
        position += 1 - 3 if cells else 1
    header_rows = element.header_rows if len(rows) > 1 else 0
    return ShownElement("table", [], rows, element.page, element.section, header_rows)


def _pieces(text: str, start: int, end: int, ranges: list[tuple[int, int]]) -> list[MarkedText]:
    pieces: list[MarkedText] = []
    position = start
    for first, last in sorted(ranges):
        first, last = max(first, position), min(last, end)
        if first >= last:
            continue
        if first > position:
            pieces.append(MarkedText(text[position:first], marked=False))
        pieces.append(MarkedText(text[first:last], marked=True))
        position = last
    if position < end:
        pieces.append(MarkedText(text[position:end], marked=False))
    return pieces


@get("/documents/{document_id:int}/pages/{number:int}", include_in_schema=False, who=READER)
async def picture(
    request: Request[Any, Any, Any],
    document_id: Number,
    number: Number,
    width: Number = PICTURE_WIDTH,
) -> Response[bytes]:
    """A page as a picture, of the very version that was read."""
    base = knowledge_base(request)
    row = await base.read(base.documents.one, principal_of(request), document_id)
    if not _has_pages(row):
        raise NotFoundError("Only pages of PDFs and scans have pictures.")

    def read() -> bytes:
        content = base.documents.original(row)
        if content is None:
            raise NotFoundError("The file has changed since it was read.", code="changed")
        return content

    pictures: places.Pictures = request.app.state.pictures
    drawing = pictures.get(row.content_hash or "", number - 1, width, read)
    return Response(
        await unless_gone(request, drawing),
        media_type="image/png",
        headers={"Cache-Control": "private, max-age=300"},
    )


@get("/documents/{document_id:int}/original", include_in_schema=False, who=READER)
async def original(request: Request[Any, Any, Any], document_id: Number) -> Response[bytes]:
    """The original, as a download that no browser runs."""
    base, principal = knowledge_base(request), principal_of(request)
    row = await base.read(base.documents.one, principal, document_id)
    content = await shares(request).files.run(base.documents.original, row)
    if content is None:
        raise NotFoundError("The file has changed since it was read, or is gone.", code="changed")
    await shares(request).looks.run(base.documents.note_downloaded, principal, row)
    name = originals.download_name(row.path)
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in "._-" else "_" for c in name)
    encoded = quote(name, safe="")
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename={plain}; filename*=UTF-8''{encoded}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
