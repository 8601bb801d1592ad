"""Pictures that stand on a page beside its text: what is written in them."""

import ctypes
from collections.abc import Iterator, Sequence

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.parsers import in_pictures, ocr
from ingest.parsers.in_pictures import InPictures
from ingest.parsers.pdf import recognising
from ingest.parsers.pdf.places import shares
from ingest.parsers.pdf.printed import PrintedLine
from kb.types.parsed import Box, Element

LEAST_TEXT = 12
"""Characters printed over a picture from which it is a ground, or a scan with its text."""


def elements(
    page: pdfium.PdfPage,
    number: int,
    pictures: Sequence[raw.FPDF_PAGEOBJECT],
    lines: Sequence[PrintedLine],
    within: InPictures,
) -> list[Element]:
    """What is written in the ``pictures`` of a page (1-based ``number``).

    ``lines`` is all that is printed on it, seen or not.
    """
    places = [place for place in _places(page, pictures) if not _is_ground(place, lines)]
    if not places:
        return []
    drawn, dpi = recognising.drawn(page, ocr.USUAL_DPI)
    about = " ".join(line.text for line in lines)
    found = []
    for place in places:
        left, top, right, bottom = place
        width, height = drawn.size
        area = (int(left * width), int(top * height), int(right * width), int(bottom * height))
        if in_pictures.is_large((area[2] - area[0], area[3] - area[1])):
            found.append(within.element(drawn.crop(area), number, about, dpi, place))
    return [element for element in found if element is not None]


def _places(page: pdfium.PdfPage, pictures: Sequence[raw.FPDF_PAGEOBJECT]) -> Iterator[Box]:
    """Where pictures stand that have enough pixels."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    width, height = ctypes.c_uint(), ctypes.c_uint()
    for drawn in pictures:
        raw.FPDFImageObj_GetImagePixelSize(drawn, width, height)
        is_known = raw.FPDFPageObj_GetBounds(drawn, left, bottom, right, top)
        if is_known and in_pictures.is_large((width.value, height.value)):
            yield shares(page, (left.value, top.value, right.value, bottom.value))


def _is_ground(place: Box, lines: Sequence[PrintedLine]) -> bool:
    printed = sum(len(line.text) for line in lines if _lies_in(line.box, place))
    return printed >= LEAST_TEXT


def _lies_in(box: Box, place: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return place[0] <= x <= place[2] and place[1] <= y <= place[3]
