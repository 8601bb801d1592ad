"""Lines that leave no trace on a page as it is drawn: they are kept apart, as hidden text."""

import pypdfium2 as pdfium
from PIL import Image

from ingest.parsers import ocr
from ingest.parsers.pdf.lines import TINY_POINTS
from ingest.parsers.pdf.printed import PrintedLine
from kb.types.parsed import HIDDEN, Box, Element, Line

CONTRAST = 24
"""Levels of grey (0 to 255) by which a drawn line has to differ from its ground."""


def parted(
    page: pdfium.PdfPage, lines: list[PrintedLine]
) -> tuple[list[PrintedLine], list[PrintedLine]]:
    """The lines of a page that are seen, and those that leave no trace on it as it is drawn."""
    if not any(line.doubtful for line in lines):
        return lines, []
    width, height = page.get_size()
    scale = min(1.0, (ocr.MOST_PIXELS / max(1.0, width * height)) ** 0.5)
    drawn = page.render(scale=scale, grayscale=True).to_pil()
    unseen = [line for line in lines if line.doubtful and not _leaves_trace(drawn, line.box)]
    seen = [line for line in lines if not any(line is other for other in unseen)]
    return seen, unseen


def _leaves_trace(drawn: Image.Image, box: Box) -> bool:
    width, height = drawn.size
    left, top, right, bottom = box
    area = (int(left * width), int(top * height), -int(-right * width), -int(-bottom * height))
    if area[2] <= area[0] or area[3] <= area[1] or (bottom - top) * height < TINY_POINTS:
        return False
    levels = [level for level, count in enumerate(drawn.crop(area).histogram()) if count]
    return levels[-1] - levels[0] >= CONTRAST


def elements(lines: list[PrintedLine], page: int) -> list[Element]:
    """What nobody sees on a page (1-based), kept as hidden text."""
    return [
        Element(kind="NarrativeText", text=line.text, page=page, section=HIDDEN,
                lines=(Line(0, len(line.text), line.box),))
        for line in lines
    ]  # fmt: skip
