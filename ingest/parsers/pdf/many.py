"""What pdfium says of thousands of things on a page, each asked for by the cheapest call there is.

A filing's page may have 10,000 letters, each drawn as an object of its own. pdfium answers for one
in less than a microsecond; Python takes several to ask, unless nothing is looked up, checked or
made for a call that can be kept for the next.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import compress, repeat
from operator import ne
from typing import Any, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.parsers.pdf.printed import Rectangle, Rectangles

AT_ONCE = 256
"""Things that are asked for before their answers are taken: the letters of a long line."""


def bare(function: Any, answer: type, *arguments: type) -> Callable[..., Any]:
    """A function of pdfium whose calls cost less, for a caller who gives it what it expects.

    Python's lock is kept meanwhile. ``arguments`` need name only those, from the first on, that
    Python would not convert by itself; a whole number goes as C's ``int``.
    """
    kind = ctypes.PYFUNCTYPE(answer, *arguments)
    return ctypes.cast(function, kind)


object_at = bare(raw.FPDFPage_GetObject, ctypes.c_void_p)
kind_of = bare(raw.FPDFPageObj_GetType, ctypes.c_int, ctypes.c_void_p)
segments_of = bare(raw.FPDFPath_CountSegments, ctypes.c_int)
bounds_of = bare(raw.FPDFPageObj_GetBounds, ctypes.c_int)
rectangle_at = bare(raw.FPDFText_GetRect, ctypes.c_int)
code_at = bare(raw.FPDFText_GetUnicode, ctypes.c_uint)
place_at = bare(raw.FPDFText_GetLooseCharBox, ctypes.c_int)


class NumberRoom(NamedTuple):
    """Where pdfium writes four numbers for each of many things.

    ``pointers`` are to the first number of each thing, to the second of each, and so on.
    """

    numbers: "ctypes.Array[Any]"
    pointers: Sequence[Sequence[Any]]


@cache
def _room(number: type[ctypes.c_double | ctypes.c_float]) -> NumberRoom:
    """Room for as many things as are asked for at once."""
    numbers = (number * (4 * AT_ONCE))()
    size = ctypes.sizeof(number)
    pointers = [
        [ctypes.byref(numbers, size * (4 * thing + which)) for thing in range(AT_ONCE)]
        for which in range(4)
    ]
    return NumberRoom(numbers, pointers)


def drawn(page: pdfium.PdfPage) -> Iterator[tuple[int, raw.FPDF_PAGEOBJECT]]:
    """The objects of a page that are no text, each behind its kind."""
    is_beside = partial(ne, raw.FPDF_PAGEOBJ_TEXT)
    for part in _parts(range(raw.FPDFPage_CountObjects(page))):
        objects = list(map(object_at, repeat(page.raw), part))
        kinds = list(map(kind_of, objects))
        for kind, one in compress(zip(kinds, objects, strict=True), map(is_beside, kinds)):
            yield kind, ctypes.cast(one, raw.FPDF_PAGEOBJECT)


def outlines(paths: Sequence[raw.FPDF_PAGEOBJECT]) -> Iterator[tuple[int, Rectangle]]:
    """Of each path how many segments it has, and what room it takes."""
    room = _room(ctypes.c_float)
    left, top, right, bottom = room.pointers
    places = _written(room, paths, bounds_of, left, bottom, right, top)
    return zip(map(segments_of, paths), zip(*places, strict=True), strict=True)


def rectangles(textpage: pdfium.PdfTextPage, index: int, count: int) -> Rectangles:
    """Where letters of a page stand: a rectangle for each run of them, often one a letter."""
    found = range(raw.FPDFText_CountRects(textpage, index, count))
    room = _room(ctypes.c_double)
    return _written(room, found, partial(rectangle_at, textpage.raw), *room.pointers)


def letters(textpage: pdfium.PdfTextPage, index: int, last: int) -> tuple[str, Rectangles]:
    """Letters of a page, as pdfium counts them, and for each the room that its font gives it."""
    wanted = range(index, last + 1)
    codes = list(map(code_at, repeat(textpage.raw), wanted))
    room = _room(ctypes.c_float)
    places = _written(room, wanted, partial(place_at, textpage.raw), room.pointers[0])
    return "".join(map(chr, filter(None, codes))), places.some(codes)


def _written(
    room: NumberRoom, wanted: Sequence[Any], ask: Callable[..., int], *pointers: Sequence[Any]
) -> Rectangles:
    """The places that pdfium writes for what is wanted, all of which it has."""
    numbers: list[float] = []
    for part in _parts(wanted):
        if not all(map(ask, part, *pointers)):
            raise pdfium.PdfiumError("No place for what was counted.")
        numbers += room.numbers[: 4 * len(part)]
    return Rectangles(*(numbers[which::4] for which in range(4)))


def _parts(things: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(things), AT_ONCE):
        yield things[start : start + AT_ONCE]
