"""Running heads, feet and page numbers of a printed document: found, and dropped. Pure."""

import re
from collections import Counter

from ingest.parsers.pdf.printed import PrintedLine

MARGIN = 0.1
"""Share of the page's height, at its top and at its foot, in which lines may be running ones."""
FEWEST_PAGES = 4
"""Fewest pages with text for which repeated lines are looked for."""
SHARE = 0.4
"""A line that stands in the margin of at least this share of the pages is a running one."""
NUMBER = re.compile(r"\d+|\b[ivxlc]{1,7}\b", re.IGNORECASE)
PAGE_NUMBER = re.compile(
    r"(?:page|seite|pagina|p\.|s\.)?\s*+[-–—]?\s*+#\s*+[-–—]?(?:\s*+(?:/|of|von|de|di|sur)\s*+#)?$",
    re.IGNORECASE,
)


def without_repeated(pages: list[list[PrintedLine]]) -> list[list[PrintedLine]]:
    """The pages without what repeats in their margins; short documents stay as they are."""
    filled = sum(1 for lines in pages if lines)
    if filled < FEWEST_PAGES:
        return pages
    counted = Counter(
        shape for lines in pages for shape in {_shape(x) for x in lines if _in_margin(x)}
    )
    least = max(3, SHARE * filled)
    running = {shape for shape, count in counted.items() if count >= least}
    return [[x for x in lines if not _is_running(x, running)] for lines in pages]


def _in_margin(line: PrintedLine) -> bool:
    return line.box[3] < MARGIN or line.box[1] > 1 - MARGIN


def _shape(line: PrintedLine) -> str:
    """The line with its numbers as ``#``: what repeats but for them."""
    return NUMBER.sub("#", " ".join(line.text.split()).casefold())


def _is_running(line: PrintedLine, running: set[str]) -> bool:
    if not _in_margin(line):
        return False
    shape = _shape(line)
    return shape in running or bool(PAGE_NUMBER.match(shape))
