"""Grids of lines that are drawn on a page: the borders of a table's cells."""

import ctypes
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.parsers.pdf import many
from ingest.parsers.pdf.places import shares
from ingest.parsers.pdf.printed import Rectangle
from kb.types.parsed import Box

THIN, SHORTEST = 2.5, 6.0
"""Points: what is thinner and longer is a ruling."""
TOUCHING = 3.0
"""Points within which rulings meet, or are one."""
MOST_RULINGS = 1_000
"""Of a page; a drawing has more, and is no table."""


class Ruling(NamedTuple):
    """A straight line: ``at`` its place across, ``start`` and ``end`` along it, in points."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's borders: where its columns and rows begin and end, from left and from above.

    ``cuts`` are the same columns in points.
    """

    columns: tuple[float, ...]
    rows: tuple[float, ...]
    cuts: tuple[float, ...]

    def cell(self, place: Box) -> tuple[int, int] | None:
        """Row and column in which something's middle lies; None: outside."""
        x, y = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
        row = _between(self.rows, y)
        column = _between(self.columns, x)
        return None if row is None or column is None else (row, column)


def grids(page: pdfium.PdfPage, paths: Sequence[raw.FPDF_PAGEOBJECT]) -> list[Grid]:
    """The grids of a page, by the ``paths`` drawn on it, with two columns and two rows or more."""
    if page.get_rotation():
        return []
    lying, standing = _rulings(paths)
    if len({r.at for r in standing}) < 3 or len({r.at for r in lying}) < 3:
        return []
    return [grid for group in _groups(lying, standing) if (grid := _grid(page, *group))]


def _rulings(paths: Sequence[raw.FPDF_PAGEOBJECT]) -> tuple[set[Ruling], set[Ruling]]:
    """Lying and standing lines; the four sides of a box that is drawn are lines, too."""
    lying: set[Ruling] = set()
    standing: set[Ruling] = set()
    for path, (segments, place) in zip(paths, many.outlines(paths), strict=True):
        for left, top, right, bottom in _boxes(path, segments, place):
            width, height = right - left, top - bottom
            if height <= THIN and width >= SHORTEST:
                lying.add(_ruling((bottom + top) / 2, left, right))
            elif width <= THIN and height >= SHORTEST:
                standing.add(_ruling((left + right) / 2, bottom, top))
            elif width >= SHORTEST and height >= SHORTEST and _is_stroked(path):
                lying |= {_ruling(y, left, right) for y in (bottom, top)}
                standing |= {_ruling(x, bottom, top) for x in (left, right)}
        if len(lying) + len(standing) > MOST_RULINGS:
            return set(), set()
    return lying, standing


def _ruling(at: float, start: float, end: float) -> Ruling:
    return Ruling(round(at, 1), round(start, 1), round(end, 1))


def _is_stroked(path: raw.FPDF_PAGEOBJECT) -> bool:
    filled, stroked = ctypes.c_int(), raw.FPDF_BOOL()
    return bool(raw.FPDFPath_GetDrawMode(path, filled, stroked) and stroked.value)


def _boxes(path: raw.FPDF_PAGEOBJECT, segments: int, place: Rectangle) -> Iterator[Rectangle]:
    """What a path draws: its box where it is one line or rectangle, else each straight part."""
    if segments <= 5:
        yield place
    elif segments <= MOST_RULINGS and _is_stroked(path):
        yield from _straight(path, segments)


def _straight(path: raw.FPDF_PAGEOBJECT, count: int) -> Iterator[Rectangle]:
    x, y = ctypes.c_float(), ctypes.c_float()
    form = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(path, form)
    matrix = pdfium.PdfMatrix.from_raw(form)
    before: tuple[float, float] | None = None
    for number in range(count):
        segment = raw.FPDFPath_GetPathSegment(path, number)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = matrix.on_point(x.value, y.value)
        if before and raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_LINETO:
            (x0, x1), (y0, y1) = sorted((before[0], point[0])), sorted((before[1], point[1]))
            if min(x1 - x0, y1 - y0) <= THIN:
                yield x0, y1, x1, y0
        before = point


def _groups(lying: set[Ruling], standing: set[Ruling]) -> list[tuple[list[Ruling], list[Ruling]]]:
    """Lines that touch one another, directly or by others."""
    meets = _crossing(lying, standing)
    met: dict[Ruling, list[Ruling]] = {}
    for upright, crossed in meets.items():
        for row in crossed:
            met.setdefault(row, []).append(upright)
    groups = []
    left = set(standing)
    while left:
        new = {left.pop()}
        uprights: set[Ruling] = set()
        rows: set[Ruling] = set()
        while new:
            uprights |= new
            found = {r for s in new for r in meets[s]} - rows
            rows |= found
            new = {s for r in found for s in met[r]} - uprights
        left -= uprights
        groups.append((list(rows), list(uprights)))
    return groups


def _crossing(lying: set[Ruling], standing: set[Ruling]) -> dict[Ruling, list[Ruling]]:
    """For each standing line the lying ones that touch it."""
    upward = sorted(lying)
    places = [row.at for row in upward]
    found = {}
    for upright in standing:
        first = bisect_left(places, upright.start - TOUCHING)
        behind = bisect_right(places, upright.end + TOUCHING)
        found[upright] = [
            row
            for row in upward[first:behind]
            if row.start - TOUCHING <= upright.at <= row.end + TOUCHING
        ]
    return found


def _grid(page: pdfium.PdfPage, lying: Sequence[Ruling], standing: Sequence[Ruling]) -> Grid | None:
    xs, ys = _places(r.at for r in standing), _places(r.at for r in lying)
    if len(xs) < 3 or len(ys) < 3:
        return None
    middle = (xs[0] + xs[-1]) / 2
    columns = [shares(page, (x, ys[-1], x, ys[0]))[0] for x in xs]
    rows = sorted(shares(page, (middle, y, middle, y))[1] for y in ys)
    return Grid(tuple(columns), tuple(rows), tuple(xs))


def _places(values: Iterable[float]) -> list[float]:
    """Places in order, those that are one taken together."""
    kept: list[float] = []
    for value in sorted(values):
        if not kept or value - kept[-1] > TOUCHING:
            kept.append(value)
    return kept


def _between(places: Sequence[float], value: float) -> int | None:
    for number, (low, high) in enumerate(pairwise(places)):
        if low <= value < high:
            return number
    return None
