"""Places on a page, as shares of its width and height as it is shown (turned, cropped)."""

import ctypes
from collections.abc import Sequence

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.parsers.pdf.many import bare
from ingest.parsers.pdf.printed import Rectangle
from kb.types.parsed import Box

PARTS = 10_000
"""Of a page's width and height: in so many it is told where something stands."""
SAME_ROW = 0.5
"""Share of the lower one's height that two things in one row have in common."""

to_device = bare(raw.FPDF_PageToDevice, ctypes.c_int)


def shares(page: pdfium.PdfPage, rectangle: Rectangle) -> Box:
    """The place of a rectangle."""
    left, top, right, bottom = rectangle
    x, y = _to_parts(page, left, top)
    other_x, other_y = _to_parts(page, right, bottom)
    x0, x1 = (x, other_x) if x <= other_x else (other_x, x)
    y0, y1 = (y, other_y) if y <= other_y else (other_y, y)
    return (
        max(0, x0) / PARTS,
        max(0, y0) / PARTS,
        min(PARTS, x1) / PARTS,
        min(PARTS, y1) / PARTS,
    )


def around(boxes: Sequence[Box]) -> Box:
    """The place of several together."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def in_one_row(one: Box, other: Box) -> bool:
    """Whether two things stand beside one another: half of the lower one's height or more."""
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return shared >= SAME_ROW * min(one[3] - one[1], other[3] - other[1])


def _to_parts(page: pdfium.PdfPage, across: float, up: float) -> tuple[int, int]:
    """A point of a page in parts of its width and height."""
    x, y = ctypes.c_int(), ctypes.c_int()
    point = ctypes.c_double(across), ctypes.c_double(up)
    to_device(page.raw, 0, 0, PARTS, PARTS, 0, *point, ctypes.byref(x), ctypes.byref(y))
    return x.value, y.value
