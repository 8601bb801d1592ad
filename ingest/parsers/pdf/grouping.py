"""Printed lines to unstructured's element types: headings, paragraphs, tables. Pure."""

import statistics
from collections.abc import Sequence

from ingest.parsers.pdf import tabular
from ingest.parsers.pdf.printed import BROKEN_WORD, HYPHEN, PrintedLine
from ingest.parsers.pdf.tabular import Table
from kb.types.parsed import Element, Line

Part = Table | list[PrintedLine]
"""A piece of a page: a table, or the lines between two."""


def body_size(lines: list[PrintedLine]) -> float:
    """The size of most of a document's letters, in points."""
    sizes = [line.size for line in lines for _ in range(1 + len(line.text) // 20)]
    return statistics.median(sizes) if sizes else 10.0


def elements(pages: Sequence[Sequence[Part]], body: float) -> list[list[Element]]:
    """The elements of each page, from its tables and the lines between them."""
    found: list[list[Element]] = []
    before: Table | None = None
    for number, parts in enumerate(pages):
        if parts and before is not None and isinstance(parts[0], Table):
            tabular.carry_on(before, parts[0])
        found.append([e for part in parts for e in _of(part, number + 1, body)])
        before = parts[-1] if parts and isinstance(parts[-1], Table) else None
    return found


def _of(part: Part, page: int, body: float) -> list[Element]:
    return [part.element(page)] if isinstance(part, Table) else _grouped(part, page, body)


def _grouped(lines: Sequence[PrintedLine], page: int, body: float) -> list[Element]:
    """Group lines into headings and paragraphs."""
    elements: list[Element] = []
    group: list[PrintedLine] = []
    for line in lines:
        if group and not _continues(group, line, body):
            elements.append(_element(group, page, body))
            group = []
        group.append(line)
    if group:
        elements.append(_element(group, page, body))
    return elements


def _continues(group: list[PrintedLine], line: PrintedLine, body: float) -> bool:
    last = group[-1]
    height = max(last.box[3] - last.box[1], 0.004)
    gap = line.box[1] - last.box[3]
    same_size = abs(last.size - line.size) < 0.6
    same_kind = _is_heading(last, body) == _is_heading(line, body)
    return same_size and same_kind and -3 * height < gap < 0.9 * height


def _is_heading(line: PrintedLine, body: float) -> bool:
    is_large = line.size >= body * 1.18
    if not is_large and (not line.bold or line.text[-1] in ".,;" or line.size < body * 0.98):
        return False
    words = line.text.split()
    if not words or len(words) > (16 if is_large else 12):
        return False
    return sum(map(str.isalpha, line.text)) >= max(3, len(line.text) * 0.5)


def _level(size: float, body: float) -> int:
    return 0 if size >= body * 1.6 else 1 if size >= body * 1.25 else 2


def _element(group: list[PrintedLine], page: int, body: float) -> Element:
    heading = _is_heading(group[0], body)
    right = max(line.box[2] for line in group)
    text = ""
    places: list[Line] = []
    for number, line in enumerate(group):
        broken = line.text[-1] in BROKEN_WORD
        content = HYPHEN.sub("", line.text)
        start = len(text)
        text += content
        places.append(Line(start, len(text), line.box))
        if number + 1 < len(group) and not broken:
            is_full = line.box[2] > right - 0.12 and not (line.apart or group[number + 1].apart)
            text += " " if is_full or heading else "\n"
    kind = "Title" if heading else "NarrativeText"
    return Element(
        kind=kind,
        text=text,
        page=page,
        level=_level(group[0].size, body) if heading else 0,
        lines=tuple(places),
    )
