"""Cells of a web page's tables that span others: their text in each place that they take."""

import re
from collections import defaultdict

from lxml import html

from ingest.parsers.pages import tree_of
from ingest.parsers.tables import span

SPANS = re.compile(r"\b(?:row|col)span\b", re.IGNORECASE)
LONGEST = 200
"""Longer texts lay out a page; they stand once, and keep their other places empty."""
MOST_PLACES = 10_000
"""Places that the spanning cells of a page may take in all."""


def filled(source: str) -> str:
    """A page whose tables have a cell for each place; unstructured leaves spans aside."""
    if not SPANS.search(source):
        return source
    tree = tree_of(source)
    if tree is None:
        return source
    left = MOST_PLACES
    for table in tree.iter("table"):
        if table.find(".//table") is None:
            left = _fill(table, left)
    filled_: str = html.tostring(tree, encoding="unicode")
    return filled_


def _fill(table: html.HtmlElement, left: int) -> int:
    """Put cells into one table; returns how many places more there may be."""
    rows = list(table.iter("tr"))
    width = max((_width(row) for row in rows), default=0)
    pending: dict[int, dict[int, html.HtmlElement]] = defaultdict(dict)
    for number, row in enumerate(rows):
        column, above = 0, pending.pop(number, {})
        for cell in list(row.iterchildren("td", "th")):
            while column in above:
                cell.addprevious(above.pop(column))
                column += 1
            down = min(span(cell.get("rowspan")), len(rows) - number)
            across = span(cell.get("colspan"))
            left -= down * across
            if left < 0:
                return left
            is_title = across > 1 and across >= width
            text = " ".join(cell.text_content().split()) if down * across > 1 else ""
            for below in range(down):
                for beside in range(across):
                    if below or beside:
                        copy = html.Element(cell.tag)
                        is_empty = (is_title and beside > 0) or len(text) > LONGEST
                        copy.text = "" if is_empty else text
                        places = pending[number + below] if below else above
                        places[column + beside] = copy
            cell.attrib.pop("rowspan", None)
            cell.attrib.pop("colspan", None)
            column += 1
        for place in sorted(above):
            row.append(above[place])
    return left


def _width(row: html.HtmlElement) -> int:
    return sum(span(cell.get("colspan")) for cell in row.iterchildren("td", "th"))
