"""Places on a page, as shares of its width and height as it is shown (turned, cropped)."""

import ctypes
from collections.abc import Sequence

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.parsers.pdf.printed import Rectangle
from kb.types.parsed import Box

SAME_ROW = 0.5
"""Share of the lower one's height that two things in one row have in common."""


def shares(page: pdfium.PdfPage, rectangles: list[Rectangle]) -> Box:
    """The place of rectangles together."""
    lefts, tops, rights, bottoms = zip(*rectangles, strict=True)
    one = _to_share(page, min(lefts), max(tops))
    other = _to_share(page, max(rights), min(bottoms))
    (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(one, other, strict=True))
    return (
        round(max(0.0, x0), 4),
        round(max(0.0, y0), 4),
        round(min(1.0, x1), 4),
        round(min(1.0, y1), 4),
    )


def around(boxes: Sequence[Box]) -> Box:
    """The place of several together."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def in_one_row(one: Box, other: Box) -> bool:
    """Whether two things stand beside one another: half of the lower one's height or more."""
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return shared >= SAME_ROW * min(one[3] - one[1], other[3] - other[1])


def _to_share(page: pdfium.PdfPage, px: float, py: float) -> tuple[float, float]:
    x, y = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, 10000, 10000, 0, px, py, x, y)
    return x.value / 10000, y.value / 10000
