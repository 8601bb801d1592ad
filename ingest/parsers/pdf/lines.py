"""The printed lines of a PDF's page, by pdfium: text, place, size and weight."""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import compress, count, pairwise
from operator import lt, not_, sub

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.parsers.pdf import columns, many, rightward
from ingest.parsers.pdf.places import around, shares
from ingest.parsers.pdf.printed import Letter, Piece, PrintedLine, Rectangles
from ingest.parsers.pdf.ruled import Grid
from kb.types.parsed import Box

PALE, TINY_POINTS = 240, 1.5
"""The level of grey (0 to 255) from which letters count as white, and the least height of letters
in points: what is paler or smaller is perhaps not seen."""
WIDE_GAP = 1.0
"""Of a line's height: a gap as wide parts cells of a table, or columns."""
NARROW_GAP = 0.25
"""Of that: at the border of a cell a gap as wide is enough; a word goes over none."""
FAR_BACK = 2.0
"""Of that: whoever goes back as far begins a line."""
SLACK = 1.5
"""Points by which a letter may reach over the border of its cell."""


def of(page: pdfium.PdfPage, grids: Sequence[Grid] = ()) -> list[PrintedLine]:
    """The lines of a page in reading order, parted at the borders of its tables' cells."""
    textpage = page.get_textpage()
    return columns.ordered(
        [
            line
            for part, start in _parts(textpage)
            for line in _lines(page, textpage, part, start, grids)
        ]
    )


def _parts(textpage: pdfium.PdfTextPage) -> Iterator[tuple[str, int]]:
    """What pdfium takes for lines, and where each begins among the page's letters."""
    count = textpage.count_chars()
    if count <= 0:
        return
    buffer = ctypes.create_string_buffer((count + 1) * 2)
    written = raw.FPDFText_GetText(
        textpage, 0, count, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort))
    )
    units = buffer.raw[: max(0, written - 1) * 2]
    start = 0
    for part in units.decode("utf-16-le", "replace").split("\n"):
        yield part, start
        start += _units(part) + 1


def _lines(
    page: pdfium.PdfPage,
    textpage: pdfium.PdfTextPage,
    part: str,
    start: int,
    grids: Sequence[Grid],
) -> Iterator[PrintedLine]:
    """What pdfium takes for a line: one, or several where it goes back to the left."""
    text = part.strip()
    if not text:
        return
    opened = textpage.raw
    first = start + _units(part[: part.find(text[0])])
    index = raw.FPDFText_GetCharIndexFromTextIndex(opened, first)
    last = raw.FPDFText_GetCharIndexFromTextIndex(opened, first + _units(text) - 1)
    if not 0 <= index <= last:
        return
    rectangles = many.rectangles(textpage, index, last - index + 1)
    if not rectangles.lefts:
        return
    box = shares(page, rectangles.united())
    line = PrintedLine(
        text,
        box,
        raw.FPDFText_GetFontSize(opened, index),
        raw.FPDFText_GetFontWeight(opened, index) >= 600,
        _is_doubtful(opened, index, box, page.get_height()),
    )
    cuts = _cuts(box, grids)
    if rightward.is_needed(text):
        letters, places = many.letters(textpage, index, last)
        placed = list(map(Letter, letters, zip(*places, strict=True)))
        line.text = whole(rightward.read(placed)) or text
        yield line
    elif cuts or has_wide_gap(rectangles):
        yield from _parted(line, list(_pieces(page, *many.letters(textpage, index, last), cuts)))
    else:
        yield line


def _parted(line: PrintedLine, pieces: Sequence[Piece]) -> Iterator[PrintedLine]:
    """A line with its pieces, or the several lines that they are."""
    rows: list[list[Piece]] = []
    for piece in pieces:
        if rows and piece.box[0] >= rows[-1][-1].box[0]:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    if len(rows) == 1:
        line.pieces = tuple(pieces) if len(pieces) > 1 else ()
        yield line
        return
    for row in rows:
        text = " ".join(piece.text for piece in row)
        several = tuple(row) if len(row) > 1 else ()
        yield replace(line, text=text, box=around([p.box for p in row]), pieces=several)


def has_wide_gap(places: Rectangles) -> bool:
    """Whether a wide gap lies between rectangles of a line, in whatever order they are.

    Where it comes behind n of them, these are the n that begin first, and the n that end first.
    """
    widest = WIDE_GAP * max(map(sub, places.tops, places.bottoms))
    gaps = map(sub, sorted(places.lefts)[1:], sorted(places.rights))
    return any(map(partial(lt, widest), gaps))


def _cuts(box: Box, grids: Sequence[Grid]) -> list[float]:
    """Where a line goes over a border between columns, in points."""
    return [
        cut
        for grid in grids
        if grid.rows[0] <= (box[1] + box[3]) / 2 <= grid.rows[-1]
        for cut, column in zip(grid.cuts, grid.columns, strict=True)
        if box[0] < column < box[2]
    ]


def _pieces(
    page: pdfium.PdfPage, letters: str, places: Rectangles, cuts: Sequence[float]
) -> Iterator[Piece]:
    """The parts of a line between wide gaps and borders, from left to right."""
    is_seen = list(map(not_, map(str.isspace, letters)))
    if not any(is_seen):
        return
    seen, places = list(compress(count(), is_seen)), places.some(is_seen)
    borders = _borders(places, list(map(sub, seen[1:], seen)), cuts)
    for start, end in pairwise([0, *borders, len(seen)]):
        text = whole(letters[seen[start] : seen[end - 1] + 1])
        yield Piece(text, shares(page, places.part(start, end).united()))


def _borders(places: Rectangles, steps: Sequence[int], cuts: Sequence[float]) -> Iterator[int]:
    """Numbers of the letters before which a piece ends.

    ``steps`` are how far each is from the last one: more than 1 where there are blanks between.
    """
    widest = WIDE_GAP * max(map(sub, places.tops, places.bottoms))
    gaps = map(sub, places.lefts[1:], places.rights)
    for number, (gap, step) in enumerate(zip(gaps, steps, strict=True), 1):
        is_far = gap > widest or gap < -FAR_BACK * widest
        is_apart = cuts and (gap > NARROW_GAP * widest or step > 1)
        if is_far or (is_apart and _is_cut(places, number, cuts)):
            yield number


def _is_cut(places: Rectangles, number: int, cuts: Sequence[float]) -> bool:
    """Whether a border stands between a letter and the one before it."""
    reached, left = places.rights[number - 1], places.lefts[number]
    return any(reached - SLACK <= cut <= left + SLACK for cut in cuts)


def whole(text: str) -> str:
    """A text whose letters beyond the first 65,536 came in halves, as pdfium counts them."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _units(text: str) -> int:
    """How many letters pdfium counts: two for one beyond the first 65,536."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _is_doubtful(textpage: raw.FPDF_TEXTPAGE, index: int, box: Box, height: float) -> bool:
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    known = raw.FPDFText_GetFillColor(textpage, index, red, green, blue, alpha)
    is_pale = known and (min(red.value, green.value, blue.value) >= PALE or alpha.value < 26)
    mode = raw.FPDFTextObj_GetTextRenderMode(raw.FPDFText_GetTextObject(textpage, index))
    is_small = (box[3] - box[1]) * height < TINY_POINTS or box[2] <= box[0]
    return bool(is_pale or mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE or is_small)
