"""PDF by pypdfium2: text with the place of every line, mapped to unstructured's element types."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.parsers import dates
from ingest.parsers.damage import damaged
from ingest.parsers.in_pictures import InPictures
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.noticing import of_parts
from ingest.parsers.options import Options
from ingest.parsers.pdf import (
    annotations,
    attachments,
    drawn,
    grouping,
    lines,
    pictures,
    recognising,
    ruled,
    running,
    tabular,
    unseen,
    xmp,
)
from ingest.parsers.pdf.annotations import Over
from ingest.parsers.pdf.printed import PrintedLine
from ingest.parsers.pdf.recognising import RecognisedPdf
from ingest.parsers.pdf.ruled import Grid
from ingest.parsers.said import DocumentProperties
from kb.errors import FileProblem
from kb.types.parsed import Element, Parsed

FORMS = {raw.FORMTYPE_ACRO_FORM, raw.FORMTYPE_XFA_FOREGROUND}
"""Forms whose fields pdfium knows; those of the second kind have them for older readers."""
LOCKED = ("password", "security")
"""In what pdfium says of a PDF that a password protects, or a scheme that it does not know."""
MOST_MISSING = 1000
"""Pages missing in a row: a file of a few bytes may say that it has a million."""
PAPER = (595.0, 842.0)
"""Points of a page that is listed and not there: those of A4."""
logging.getLogger("pypdfium2").setLevel(logging.ERROR)
"""It warns of each form of the second kind that it is none of the newer ones."""


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Read a PDF.

    Raises:
        FileProblem: encrypted or damaged.
    """
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        raise _refused(error) from error
    with document:
        if document.get_formtype() in FORMS:
            document.init_forms()
        within = InPictures(options)
        read = _all(document, within)
        missing = len(document) - len(read) + sum(page.is_missing for page in read)
        scanned = [number for number, page in enumerate(read) if page.is_scan]
        recognised = recognising.recognise(document, scanned, [p.lines for p in read], options)
        elements = _elements(read, recognised)
        said = xmp.completed(_said(document), path)
        members, left_out = attachments.members(document, options)
    left = {"members": left_out} if left_out else {}
    return Parsed(
        parser="pdfium+tesseract" if recognised.pages else "pdfium",
        media_type=MEDIA_TYPES[kind],
        elements=tuple(elements),
        title=said.title,
        author=said.author,
        created=said.created,
        changed=said.changed,
        pages=len(read),
        page_sizes=tuple(page.size for page in read),
        members=tuple(members),
        confidences=tuple(recognised.confidences),
        problem=recognised.problem or ("members_left_out" if left else None),
        problem_parameters=recognised.parameters or left,
        notices=(*recognised.notices, *within.notices, *of_parts(missing)),
    )


def _refused(error: pdfium.PdfiumError) -> FileProblem:
    """Why a file does not open."""
    if any(word in str(error).lower() for word in LOCKED):
        return FileProblem("encrypted", what=str(error))
    return damaged("PDF", error)


@dataclass(slots=True)
class Page:
    """A page as it was read: its size in points, its lines, what nobody sees, and what lies over.

    A page that is damaged has nothing.
    """

    size: tuple[float, float]
    lines: list[PrintedLine] = field(default_factory=list)
    hidden: list[PrintedLine] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    over: Over = field(default_factory=Over)
    written: list[Element] = field(default_factory=list)
    """What is written in pictures."""
    is_scan: bool = False
    is_missing: bool = False


def _all(document: pdfium.PdfDocument, within: InPictures) -> list[Page]:
    """The pages, without those behind so many missing ones that their number is a lie."""
    read: list[Page] = []
    missing = 0
    for number in range(len(document)):
        read.append(_read(document, number, within))
        missing = missing + 1 if read[-1].is_missing else 0
        if missing == MOST_MISSING:
            return read[:-MOST_MISSING]
    return read


def _read(document: pdfium.PdfDocument, number: int, within: InPictures) -> Page:
    size = PAPER
    try:
        size = document.get_page_size(number)
        page = document[number]
        beside = drawn.of(page)
        grids = ruled.grids(page, beside.paths)
        printed = lines.of(page, grids)
    except pdfium.PdfiumError:
        return Page(size, is_missing=True)
    printed, hidden = unseen.parted(page, printed)
    over = annotations.of(page, number + 1)
    is_scan = recognising.is_scan(page, printed)
    written = (
        []
        if is_scan
        else pictures.elements(page, number + 1, beside.pictures, printed + hidden, within)
    )
    page.close()
    return Page(size, printed, hidden, grids, over, written, is_scan)


def _elements(read: Sequence[Page], recognised: RecognisedPdf) -> list[Element]:
    """The elements of all pages, without running heads and feet."""
    pages = running.without_repeated([page.lines for page in read])
    body = grouping.body_size([line for printed in pages for line in printed])
    parts = [
        list(tabular.parted(page.over.onto(printed), page.grids))
        for page, printed in zip(read, pages, strict=True)
    ]
    elements: list[Element] = []
    for number, whole in enumerate(grouping.elements(parts, body)):
        page = read[number]
        elements += recognised.of(number, whole + page.written) + page.over.comments
        elements += unseen.elements(page.hidden, number + 1)
    return elements


def _said(document: pdfium.PdfDocument) -> DocumentProperties:
    """What its information dictionary says."""
    return DocumentProperties(
        _value(document, "Title"),
        _value(document, "Author"),
        dates.of_pdf(_value(document, "CreationDate")),
        dates.of_pdf(_value(document, "ModDate")),
    )


def _value(document: pdfium.PdfDocument, what: str) -> str | None:
    """What a PDF says of itself; None where that cannot be decoded (its text still is read)."""
    try:
        return document.get_metadata_value(what) or None
    except (pdfium.PdfiumError, ValueError):
        return None
