"""The printed lines of a PDF's page, by pdfium: text, place, size and weight."""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from operator import sub

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.parsers.pdf import columns, rightward
from ingest.parsers.pdf.places import around, shares
from ingest.parsers.pdf.printed import Letter, Piece, PrintedLine, Rectangle
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
    first = start + _units(part[: part.find(text[0])])
    index = raw.FPDFText_GetCharIndexFromTextIndex(textpage, first)
    last = raw.FPDFText_GetCharIndexFromTextIndex(textpage, first + _units(text) - 1)
    rectangles = _rectangles(textpage, index, last - index + 1) if 0 <= index <= last else []
    if not rectangles:
        return
    box = shares(page, rectangles)
    line = PrintedLine(
        text,
        box,
        raw.FPDFText_GetFontSize(textpage, index),
        raw.FPDFText_GetFontWeight(textpage, index) >= 600,
        _is_doubtful(textpage, index, box, page.get_height()),
    )
    cuts = _cuts(box, grids)
    if rightward.is_needed(text):
        line.text = whole(rightward.read(list(_letters(textpage, index, last)))) or text
        yield line
    elif cuts or _has_wide_gap(rectangles):
        yield from _parted(line, list(_pieces(page, list(_letters(textpage, index, last)), cuts)))
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


def _rectangles(textpage: pdfium.PdfTextPage, index: int, count: int) -> list[Rectangle]:
    """Where the letters of a line stand: a rectangle for each run of them, often one a letter."""
    rects = raw.FPDFText_CountRects(textpage, index, count)
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    return [
        (left.value, top.value, right.value, bottom.value)
        for n in range(rects)
        if raw.FPDFText_GetRect(textpage, n, left, top, right, bottom)
    ]


def _has_wide_gap(rectangles: list[Rectangle]) -> bool:
    if len(rectangles) == 1:
        return False
    _, tops, _, bottoms = zip(*rectangles, strict=True)
    widest = WIDE_GAP * max(map(sub, tops, bottoms))
    begins = sorted(rectangles)
    ends = accumulate((right for _, _, right, _ in begins), max)
    return any(
        left - reached > widest for (left, *_), reached in zip(begins[1:], ends, strict=False)
    )


def _letters(textpage: pdfium.PdfTextPage, index: int, last: int) -> Iterator[Letter]:
    """The letters of a line, each with the room that its font gives it."""
    room, opened = raw.FS_RECTF(), textpage.raw
    for n in range(index, last + 1):
        code = raw.FPDFText_GetUnicode(opened, n)
        if code and raw.FPDFText_GetLooseCharBox(opened, n, room):
            yield Letter(chr(code), (room.left, room.top, room.right, room.bottom))


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
    page: pdfium.PdfPage, letters: Sequence[Letter], cuts: Sequence[float]
) -> Iterator[Piece]:
    """The parts of a line between wide gaps and borders, from left to right."""
    heights = [x.box[1] - x.box[3] for x in letters if not x.text.isspace()]
    widest = WIDE_GAP * max(heights, default=0.0)
    piece: list[Letter] = []
    reached: float | None = None
    for letter in letters:
        if letter.text.isspace():
            piece.append(letter)
            continue
        left, _, right, _ = letter.box
        if reached is not None:
            gap = left - reached
            is_far = gap > widest or gap < -FAR_BACK * widest
            is_apart = cuts and (gap > NARROW_GAP * widest or piece[-1].text.isspace())
            if is_far or (is_apart and _is_cut(reached, left, cuts)):
                yield _piece(page, piece)
                piece = []
        piece.append(letter)
        reached = right
    if piece:
        yield _piece(page, piece)


def _is_cut(reached: float, left: float, cuts: Sequence[float]) -> bool:
    return any(reached - SLACK <= cut <= left + SLACK for cut in cuts)


def _piece(page: pdfium.PdfPage, letters: list[Letter]) -> Piece:
    text = whole("".join(letter.text for letter in letters)).strip()
    return Piece(text, shares(page, [x.box for x in letters if not x.text.isspace()]))


def whole(text: str) -> str:
    """A text whose letters beyond the first 65,536 came in halves, as pdfium counts them."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _units(text: str) -> int:
    """How many letters pdfium counts: two for one beyond the first 65,536."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _is_doubtful(textpage: pdfium.PdfTextPage, index: int, box: Box, height: float) -> bool:
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    known = raw.FPDFText_GetFillColor(textpage, index, red, green, blue, alpha)
    is_pale = known and (min(red.value, green.value, blue.value) >= PALE or alpha.value < 26)
    mode = raw.FPDFTextObj_GetTextRenderMode(raw.FPDFText_GetTextObject(textpage, index))
    is_small = (box[3] - box[1]) * height < TINY_POINTS or box[2] <= box[0]
    return bool(is_pale or mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE or is_small)
