"""Columns of text that a page draws line by line across: read one after the other. Pure."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from ingest.parsers.pdf.printed import Piece, PrintedLine

FEWEST = 4
"""Lines that each of two columns has."""
LEFTMOST = 0.2
"""Share of the page's width, left of which no second column begins."""
ALIGNED = 0.006
"""Share of the page's width within which lines begin at one place."""
USUAL_LENGTH, DIGITS, FULL, FULL_LINES = 18, 0.2, 0.55, 0.6
"""What prose is, and the cells of a table are not: a median of so many characters a line, at most
such a share of digits, and such a share of lines that fill so much of the column's width."""

Parts = Sequence[PrintedLine | Piece]
"""What stands side by side: a line, or its pieces."""


def ordered(lines: list[PrintedLine]) -> list[PrintedLine]:
    """The lines in reading order: as drawn, but for columns that were drawn across."""
    if sum(1 for line in lines if line.pieces) < FEWEST and not _goes_back(lines):
        return lines
    parted = [line.pieces or (line,) for line in lines]
    for gutter in _gutters(parted):
        moved = _with_columns_apart(lines, parted, gutter)
        if moved is not None:
            return moved
    return lines


def _goes_back(lines: Sequence[PrintedLine]) -> bool:
    """Whether lines go from one side to the other and back again and again."""
    steps = [b.box[0] - a.box[0] for a, b in pairwise(lines)]
    return sum(step > LEFTMOST for step in steps) >= FEWEST


def _gutters(parted: Sequence[Parts]) -> list[float]:
    """Where a second column may begin, as shares of the page's width: often met places first."""
    begun = Counter(
        round(part.box[0] / ALIGNED) for parts in parted for part in parts if part.box[0] > LEFTMOST
    )
    return [(place - 1) * ALIGNED for place, n in begun.most_common(3) if n >= FEWEST]


def _apart(line: PrintedLine) -> list[PrintedLine]:
    """A line's pieces as lines of their own."""
    if not line.pieces:
        return [line]
    return [replace(line, text=p.text, box=p.box, pieces=()) for p in line.pieces]


def _with_columns_apart(
    lines: Sequence[PrintedLine], parted: Sequence[Parts], gutter: float
) -> list[PrintedLine] | None:
    """The lines, each run of two columns put one after the other; None: there is no such run."""
    out: list[PrintedLine] = []
    found = False
    both = zip(lines, parted, strict=True)
    for is_beside, group in groupby(both, lambda pair: _is_beside(pair[1], gutter)):
        members = list(group)
        run = [line for line, _ in members]
        parts = [part for _, of_line in members for part in of_line]
        if is_beside and _are_columns(parts, gutter):
            found = True
            apart = [one for line in run for one in _apart(line)]
            run = [
                part
                for wanted in ("left", "right")
                for part in ordered([p for p in apart if _side(p, gutter) == wanted])
            ]
        out += run
    return out if found else None


def _is_beside(parts: Parts, gutter: float) -> bool:
    return all(_side(part, gutter) != "across" for part in parts)


def _side(part: PrintedLine | Piece, gutter: float) -> str:
    if part.box[0] >= gutter:
        return "right"
    return "left" if part.box[2] <= gutter + ALIGNED else "across"


def _are_columns(parts: Parts, gutter: float) -> bool:
    """Whether both sides are prose, and the drawing goes from one to the other all the time."""
    sides = [_side(p, gutter) for p in parts]
    switches = sum(a != b for a, b in pairwise(sides))
    halves = [[p for p, s in zip(parts, sides, strict=True) if s == w] for w in ("left", "right")]
    fewest = min(map(len, halves))
    return fewest >= FEWEST and switches >= fewest and all(map(_is_prose, halves))


def _is_prose(lines: Parts) -> bool:
    text = "".join(line.text for line in lines)
    widest = max(line.box[2] - line.box[0] for line in lines)
    full = sum(line.box[2] - line.box[0] >= FULL * widest for line in lines)
    return (
        statistics.median(len(line.text) for line in lines) >= USUAL_LENGTH
        and sum(map(str.isdigit, text)) <= DIGITS * len(text)
        and full >= FULL_LINES * len(lines)
    )
