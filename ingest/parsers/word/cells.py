"""Cells that are merged downwards, so that what reads them finds what each belongs to."""

from typing import Any

from lxml import etree

from ingest.parsers.ooxml import W

LONGEST = 30
"""Rows that python-docx follows a cell upwards; it does so by recursion, for every row anew."""
WIDEST = 1000
"""Columns that one cell spans, or that are left out before a row."""
MOST_PLACES = 100_000
"""Places that the spanning cells of a part may take in all; those beyond take one each."""
LONGEST_REPEATED = 1000
"""Characters of a cell that are written again."""
SPANS = (f"{W}gridSpan", f"{W}gridBefore", f"{W}gridAfter")


Above = dict[int, tuple[Any, int]]
"""By their first column: cells that may go on below, and for how many rows they have."""


def mend(root: etree._Element) -> None:
    """A cell that goes on where none has begun begins; one that goes on for long begins anew."""
    _narrow(root)
    for table in root.iter(f"{W}tbl"):
        above: Above = {}
        for row in table.iterchildren(f"{W}tr"):
            above = _row(row, above)


def _narrow(root: etree._Element) -> None:
    """Spans within bounds: what reads them writes down each of their places."""
    left = MOST_PLACES
    for node in root.iter(*SPANS):
        value = node.get(f"{W}val", "")
        wide = min(int(value[:8]), WIDEST) if value.isdecimal() else 1
        left -= wide
        least = 1 if node.tag == SPANS[0] else 0
        node.set(f"{W}val", str(max(least, wide) if left >= 0 else least))


def _row(row: etree._Element, above: Above) -> Above:
    going_on: Above = {}
    column = _number(row, f"{W}trPr/{W}gridBefore", 0)
    for cell in row.iterchildren(f"{W}tc"):
        merge = cell.find(f"{W}tcPr/{W}vMerge")
        if merge is not None:
            first, rows = above.get(column, (None, 0))
            if merge.get(f"{W}val") == "restart" or first is None:
                first, rows = cell, 0
            elif rows >= LONGEST:
                _repeat(first, cell)
                first, rows = cell, 0
            merge.set(f"{W}val", "restart" if first is cell else "continue")
            going_on[column] = (first, rows + 1)
        column += max(1, _number(cell, f"{W}tcPr/{W}gridSpan", 1))
    return going_on


def _repeat(first: etree._Element, cell: etree._Element) -> None:
    """A cell's text once more."""
    text = " ".join(t.text or "" for t in first.iter(f"{W}t"))[:LONGEST_REPEATED]
    paragraph = etree.SubElement(cell, f"{W}p")
    etree.SubElement(etree.SubElement(paragraph, f"{W}r"), f"{W}t").text = text


def _number(node: etree._Element, path: str, usual: int) -> int:
    found = node.find(path)
    value = "" if found is None else found.get(f"{W}val", "")
    return int(value) if value.isdecimal() and len(value) < 8 else usual
