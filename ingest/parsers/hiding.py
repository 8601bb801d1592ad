"""Rows and columns of a sheet that somebody hid: left out, as nobody sees them.

What a filter or a folded group hides is read, as a click shows it. Pure.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.parsers.tables import Merge, Row

AREA = re.compile(r"\$?[A-Z]{0,3}\$?(\d{1,7}):\$?[A-Z]{0,3}\$?(\d{1,7})$")
FLAT = re.compile(r"0(?:\.0*)?$")
TRUE = {"1", "true"}
WIDEST = 16_384
"""Columns that a sheet can have."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """What is hidden of a sheet, by number from 0."""

    rows: frozenset[int] = field(default_factory=frozenset)
    columns: frozenset[int] = field(default_factory=frozenset)


NOTHING = Hidden()


def is_hidden(node: Any, size: str) -> bool:
    """Whether a row or column is hidden, or has no ``size``, and is of no group that unfolds."""
    if node.get("outlineLevel", "0") != "0":
        return False
    return node.get("hidden") in TRUE or FLAT.match(node.get(size, "")) is not None


def columns(node: Any) -> range:
    """The columns, from 0, that a description of columns hides."""
    first, last = node.get("min", ""), node.get("max", "")
    if not first.isdecimal() or not last.isdecimal() or not is_hidden(node, "width"):
        return range(0)
    return range(min(int(first[:7]) - 1, WIDEST), min(int(last[:7]), WIDEST))


def filtered(node: Any) -> Iterator[tuple[int, int]]:
    """The rows, from 0, in which a filter chooses."""
    area = AREA.match(node.get("ref", ""))
    if area and len(node):
        yield int(area[1]) - 1, int(area[2]) - 1


def without(
    rows: Sequence[Row], merges: Iterable[Merge], hidden: Hidden
) -> tuple[list[Row], list[Merge], tuple[int, int]]:
    """A sheet without what is hidden, and how many rows and columns with something in them went."""
    if hidden == NOTHING:
        return list(rows), list(merges), (0, 0)
    kept_rows = [n for n in range(len(rows)) if n not in hidden.rows]
    width = max((len(row) for row in rows), default=0)
    kept = [n for n in range(width) if n not in hidden.columns]
    shown = [list(row) for row in rows]
    moved = list(_moved(shown, merges, kept_rows, kept, hidden))
    lost_rows = sum(any(row) for n, row in enumerate(rows) if n in hidden.rows)
    lost_columns = {
        n for at in kept_rows for n, cell in enumerate(rows[at]) if cell and n in hidden.columns
    }
    left = [[shown[at][n] for n in kept if n < len(shown[at])] for at in kept_rows]
    return left, moved, (lost_rows, len(lost_columns))


def _moved(
    rows: list[Row], merges: Iterable[Merge], kept_rows: list[int], kept: list[int], hidden: Hidden
) -> Iterator[Merge]:
    """Merged cells in their new places; a value that stood in a hidden one stands in the next."""
    for top, left, bottom, right in merges:
        first, last = bisect_left(kept_rows, top), bisect_left(kept_rows, bottom + 1)
        begin, end = bisect_left(kept, left), bisect_left(kept, right + 1)
        if first >= last or begin >= end or top >= len(rows) or left >= len(rows[top]):
            continue
        if top in hidden.rows or left in hidden.columns:
            row = rows[kept_rows[first]]
            row += [""] * (kept[begin] + 1 - len(row))
            row[kept[begin]] = rows[top][left]
        yield first, begin, last - 1, end - 1
