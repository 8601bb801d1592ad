"""What stands side by side on a page: rows of cells. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.parsers.pdf.places import around, in_one_row
from ingest.parsers.pdf.printed import Piece, PrintedLine

SIGN = re.compile(r"US\$|[$£¥(]+")
"""What stands before a figure, and never behind it, also in a place of its own."""
BEHIND = re.compile(r"[%)]+|\)\s*%|%\s*\)")


@dataclass(slots=True)
class CellRow:
    """What stands side by side: cells, and the printed lines that they are of."""

    pieces: list[Piece]
    lines: list[PrintedLine]

    @property
    def top(self) -> float:
        """The row's upper end, a share of the page's height (0 is its top)."""
        return min(line.box[1] for line in self.lines)

    @property
    def foot(self) -> float:
        """The row's lower end, a share of the page's height (0 is its top)."""
        return max(line.box[3] for line in self.lines)


def of(lines: Sequence[PrintedLine]) -> list[CellRow]:
    """Lines that stand in one row, one to the right of the other, as one."""
    rows: list[CellRow] = []
    for line in lines:
        pieces = list(line.pieces or (Piece(line.text, line.box),))
        if rows and _is_beside(rows[-1], line):
            rows[-1].pieces += pieces
            rows[-1].lines.append(line)
        else:
            rows.append(CellRow(pieces, [line]))
    for row in rows:
        row.pieces = _with_signs(row.pieces)
    return rows


def _is_beside(row: CellRow, line: PrintedLine) -> bool:
    last = row.lines[-1].box
    return in_one_row(last, line.box) and line.box[0] >= last[2]


def _with_signs(pieces: Sequence[Piece]) -> list[Piece]:
    """Currencies and brackets that stand apart are their figures'."""
    kept: list[Piece] = []
    before: Piece | None = None
    for piece in _without_trailing(pieces):
        if before is not None:
            piece, before = _both(before, piece), None
        if SIGN.fullmatch(piece.text):
            before = piece
        elif kept and BEHIND.fullmatch(piece.text):
            kept[-1] = _both(kept[-1], piece)
        else:
            kept.append(piece)
    return [*kept, before] if before is not None else kept


def _without_trailing(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """A dollar that stands nearer to the figure before it than to its own is a piece of its own."""
    for number, piece in enumerate(pieces):
        figure, _, sign = piece.text.rpartition(" ")
        if figure and SIGN.fullmatch(sign) and number + 1 < len(pieces):
            yield Piece(figure, piece.box)
            yield Piece(sign, pieces[number + 1].box)
        else:
            yield piece


def _both(one: Piece, other: Piece) -> Piece:
    return Piece(f"{one.text} {other.text}", around([one.box, other.box]))
