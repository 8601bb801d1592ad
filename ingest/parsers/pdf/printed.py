"""What stands printed on a page: letters, lines, and the pieces of a line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

from kb.types.parsed import Box

BROKEN_WORD = "\ufffe\x02\xad"
"""What pdfium puts where a word is hyphenated at the end of a line."""
HYPHEN = re.compile(f"[{BROKEN_WORD}]")
"""One of the characters of ``BROKEN_WORD``."""
Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom in points of the page (top above bottom)."""


class Rectangles(NamedTuple):
    """Places of several things: the left edges of all, and so on."""

    lefts: Sequence[float]
    tops: Sequence[float]
    rights: Sequence[float]
    bottoms: Sequence[float]

    def united(self) -> Rectangle:
        """The place of all together."""
        return min(self.lefts), max(self.tops), max(self.rights), min(self.bottoms)

    def some(self, wanted: Sequence[object]) -> "Rectangles":
        """Some of the rectangles; ``wanted`` says of each whether it is among them."""
        return Rectangles(*[list(compress(edges, wanted)) for edges in self])

    def part(self, start: int, end: int) -> "Rectangles":
        """The rectangles from ``start`` to before ``end``, counted from 0."""
        return Rectangles(*[edges[start:end] for edges in self])


class Letter(NamedTuple):
    """A letter, or the several that one glyph stands for, and its place."""

    text: str
    box: Rectangle


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line that a wide gap parts from the next: a cell, or a column's line."""

    text: str
    box: Box


@dataclass(slots=True)
class PrintedLine:
    """A line of a page: text, place, size and weight of its first letter."""

    text: str
    box: Box
    size: float
    bold: bool
    doubtful: bool = False
    """White, transparent, tiny or off the page: perhaps nobody sees it."""
    pieces: tuple[Piece, ...] = ()
    """The line's parts, where wide gaps part them; else none."""
    apart: bool = False
    """Whether no line goes on with it: a label with what was filled in."""
