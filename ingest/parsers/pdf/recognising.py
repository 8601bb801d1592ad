"""Pages whose text is not in the file as it is seen: scans, and letters that make no words."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from ingest.parsers import ocr, scans
from ingest.parsers.options import Options
from ingest.parsers.pdf import letters
from ingest.parsers.pdf.printed import PrintedLine
from kb.types.parsed import UNREADABLE_LETTERS, Element, Notice

MIN_TEXT = 12
"""Visible characters: a page with a picture and fewer than these is taken for a scan."""


@dataclass(frozen=True, slots=True)
class RecognisedPdf:
    """What was recognised, by page (0-based), how surely, and what is wrong."""

    pages: dict[int, list[Element]] = field(default_factory=dict)
    unreadable: frozenset[int] = frozenset()
    confidences: Sequence[tuple[int, float]] = ()
    problem: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()

    def of(self, number: int, elements: list[Element]) -> list[Element]:
        """A page's elements: what was recognised, else what the file says, marked if no words."""
        if number in self.pages:
            return self.pages[number]
        if number in self.unreadable:
            return [_marked(element) for element in elements]
        return elements


def _marked(element: Element) -> Element:
    """An element that is kept but never quoted."""
    return Element(
        kind="NarrativeText",
        text=element.text,
        page=element.page,
        section=UNREADABLE_LETTERS,
        lines=element.lines,
    )


def recognise(
    document: pdfium.PdfDocument,
    scanned: list[int],
    pages: Sequence[Sequence[PrintedLine]],
    options: Options,
) -> RecognisedPdf:
    """Read by OCR, where there is one, what cannot be read otherwise.

    ``scanned`` are numbers of pages (0-based).
    """
    unreadable = [n for n, lines in enumerate(pages) if letters.make_no_words(_text(lines))]
    wanted = sorted({*scanned, *unreadable}) if ocr.usable(options.languages) else scanned
    read = scans.recognise(wanted, lambda n: _picture(document[n]), options)
    left = [n for n in unreadable if n not in read.pages]
    recognised = RecognisedPdf(
        read.pages, frozenset(left), read.confidences, read.problem, read.parameters
    )
    return _said(recognised, len(left)) if left else recognised


def _said(recognised: RecognisedPdf, pages: int) -> RecognisedPdf:
    """With the pages that nobody can read: as the problem, or beside one that there is."""
    unreadable = Notice("unreadable_letters", {"pages": pages})
    if recognised.problem:
        return replace(recognised, notices=(unreadable,))
    return replace(recognised, problem=unreadable.code, parameters=unreadable.parameters)


def _text(lines: Sequence[PrintedLine]) -> str:
    return "\n".join(line.text for line in lines)


def _picture(page: pdfium.PdfPage) -> tuple[Image.Image, int]:
    """A page at the resolution it was scanned with, as far as that is reasonable."""
    width, _ = page.get_size()
    dpi = ocr.USUAL_DPI
    for image in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
        left, _, right, _ = image.get_bounds()
        if right - left > width / 2:
            dpi = round(image.get_px_size()[0] / ((right - left) / 72))
    return drawn(page, max(ocr.LOWEST_DPI, min(ocr.HIGHEST_DPI, dpi)))


def drawn(page: pdfium.PdfPage, dpi: int) -> tuple[Image.Image, int]:
    """A page in grey at a resolution (dots per inch), or the highest that there is room for."""
    width, height = page.get_size()
    most = (ocr.MOST_PIXELS / max(1.0, width * height)) ** 0.5
    scale = min(dpi / 72, most)
    return page.render(scale=scale, grayscale=True).to_pil(), round(scale * 72)


def is_scan(page: pdfium.PdfPage, lines: Sequence[PrintedLine]) -> bool:
    """Whether a page has a picture, and hardly any text."""
    if sum(len(line.text) for line in lines) >= MIN_TEXT:
        return False
    images = page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3)
    return next(iter(images), None) is not None
