"""Words found in a document as it was read: on which page, and where on it. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.types.parsed import Box, Element, Line, Parsed

MOST = 500
"""Places that are told of a document."""


@dataclass(frozen=True, slots=True)
class PagePlace:
    """A place on a page (from 1), in boxes: one for each printed line that it touches."""

    page: int
    boxes: tuple[Box, ...]


def places(parsed: Parsed, text: str) -> list[PagePlace]:
    """Where a text stands, whatever the case of its letters and the kind of its white space."""
    words = text.split()
    if not words:
        return []
    wanted = re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
    found: list[PagePlace] = []
    for element in parsed.elements:
        found += _in(element, wanted)
        if len(found) >= MOST:
            return found[:MOST]
    return found


def _in(element: Element, wanted: re.Pattern[str]) -> Iterator[PagePlace]:
    if element.page is None or not element.lines:
        return
    for match in wanted.finditer(element.text):
        boxes = [_part(line, *match.span()) for line in element.lines if _touches(line, match)]
        if boxes:
            yield PagePlace(element.page, tuple(boxes))


def _touches(line: Line, match: re.Match[str]) -> bool:
    return line.start < match.end() and line.end > match.start()


def _part(line: Line, start: int, end: int) -> Box:
    """The part of a printed line from one character to another, were they all of one width."""
    left, top, right, bottom = line.box
    width = (right - left) / max(1, line.end - line.start)
    first = max(0, start - line.start)
    last = min(line.end - line.start, end - line.start)
    return (left + width * first, top, left + width * last, bottom)
