"""Elements to chunks. Pure.

A chunk stays on one page and under one heading path, and fits the embedding model with its title
and headings. Where a section is long, a cut falls where the paragraph's own hash says so (once
the chunk is half full), so that an edit moves the cuts near it and no others.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kb.text import sentences
from kb.types.parsed import Chunk, Element, Line, Span

CountAll = Callable[[list[str]], list[int]]
HEADING_SHARE = 0.25
"""Of the model's tokens, at most this share goes to title and headings."""
SEPARATOR = " › "


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of one element that is not cut further."""

    element: int
    start: int
    end: int
    text: str
    tokens: int
    is_header: bool = False


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """What the chunks of a run of units have in common."""

    page: int | None
    section: str | None
    path: tuple[str, ...]


def chunk(elements: Sequence[Element], title: str, count_all: CountAll, limit: int) -> list[Chunk]:
    """Cut a document into chunks.

    ``limit`` is how many tokens an embedded text may have; none has more.
    """
    chunks: list[Chunk] = []
    for place, numbers in _runs(elements):
        prefix = _prefix(title, place, count_all, int(limit * HEADING_SHARE))
        room = limit - (count_all([prefix])[0] if prefix else 0) - 2
        units = _units(elements, numbers, count_all, room)
        for packed in _pack(units, room):
            chunks.append(_chunk(len(chunks), packed, place, prefix, elements))
    return chunks


def _runs(elements: Sequence[Element]) -> list[tuple[ChunkPlace, list[int]]]:
    """Elements that share page and headings, in order. A heading belongs to what follows it."""
    runs: list[tuple[ChunkPlace, list[int]]] = []
    path: list[tuple[int, str]] = []
    previous_was_title = False
    for number, element in enumerate(elements):
        is_title = element.kind == "Title"
        if is_title:
            path = [(level, text) for level, text in path if level < element.level]
            path.append((element.level, " ".join(element.text.split())[:200]))
        texts = tuple(text for _, text in path)
        section = element.section or (SEPARATOR.join(texts) or None)
        place = ChunkPlace(element.page, section, texts)
        same_page = bool(runs) and runs[-1][0].page == place.page
        if is_title and previous_was_title and same_page:
            runs[-1] = (place, [*runs[-1][1], number])
        elif runs and runs[-1][0] == place and not is_title:
            runs[-1][1].append(number)
        else:
            runs.append((place, [number]))
        previous_was_title = is_title
    return runs


def _prefix(title: str, place: ChunkPlace, count_all: CountAll, room: int) -> str:
    """Title and headings above the passage, each once, outward as far as there is room."""
    section = (place.section or "").split(SEPARATOR)
    parts = [p for p in dict.fromkeys((title, *place.path[:-1], *section)) if p]
    kept: list[str] = []
    for part in [parts[0], *reversed(parts[1:])] if parts else []:
        shortened = " ".join(part.split()[:24])
        if count_all([SEPARATOR.join([*kept, shortened])])[0] > room:
            break
        kept.append(shortened)
    return SEPARATOR.join([*kept[:1], *reversed(kept[1:])])


def _units(
    elements: Sequence[Element], numbers: list[int], count_all: CountAll, room: int
) -> list[Unit]:
    pieces: list[tuple[int, int, int, bool]] = []
    for number in numbers:
        element = elements[number]
        if element.rows:
            pieces += _rows(number, element)
        else:
            pieces += [(number, s, e, False) for s, e in _paragraph(element.text)]
    texts = [elements[n].text[s:e] for n, s, e, _ in pieces]
    counted = count_all(texts) if texts else []
    units: list[Unit] = []
    for (number, start, end, is_header), text, tokens in zip(pieces, texts, counted, strict=True):
        unit = Unit(number, start, end, text, tokens, is_header)
        units += [unit] if tokens <= room else _split(unit, count_all, room)
    return units


def _rows(number: int, element: Element) -> list[tuple[int, int, int, bool]]:
    pieces = []
    position = 0
    for index, line in enumerate(element.text.split("\n")):
        if line.strip():
            is_header = index < element.header_rows
            pieces.append((number, position, position + len(line), is_header))
        position += len(line) + 1
    return pieces


def _paragraph(text: str) -> list[tuple[int, int]]:
    if len(text) < 400:
        stripped = text.strip()
        start = text.find(stripped) if stripped else 0
        return [(start, start + len(stripped))] if stripped else []
    return sentences.spans(text)


def _split(unit: Unit, count_all: CountAll, room: int) -> list[Unit]:
    """Cut what is too long for the model in half, near a space, until each part fits."""
    if unit.tokens <= room or len(unit.text) < 2:
        return [unit]
    middle = len(unit.text) // 2
    space = max(unit.text.rfind(" ", 1, middle), unit.text.rfind("\n", 1, middle))
    cut = space if space > middle // 2 else middle
    halves = [(unit.start, unit.text[:cut]), (unit.start + cut, unit.text[cut:])]
    parts: list[Unit] = []
    for start, text in halves:
        lead = len(text) - len(text.lstrip())
        stripped = text.strip()
        if stripped:
            begin = start + lead
            tokens = count_all([stripped])[0]
            half = Unit(unit.element, begin, begin + len(stripped), stripped, tokens)
            parts += _split(half, count_all, room)
    return parts


def _pack(units: list[Unit], room: int) -> list[list[Unit]]:
    packed: list[list[Unit]] = []
    current: list[Unit] = []
    used = 0
    header: list[Unit] = []
    for unit in units:
        if unit.is_header:
            header = [*header, unit] if _same_table(header, unit) else [unit]
        if current and (used + unit.tokens > room or _ends_here(current[-1], unit, used, room)):
            packed.append(current)
            current = _repeated(header, unit, room)
            used = sum(u.tokens for u in current)
        current.append(unit)
        used += unit.tokens
    return [*packed, current] if current else packed


def _same_table(header: list[Unit], unit: Unit) -> bool:
    return bool(header) and header[0].element == unit.element


def _repeated(header: list[Unit], unit: Unit, room: int) -> list[Unit]:
    """A table's header above the rows that continue it: its last lines where not all fit."""
    if unit.is_header or not _same_table(header, unit):
        return []
    kept = list(header)
    while kept and sum(u.tokens for u in kept) + unit.tokens > room:
        kept.pop(0)
    return kept


def _ends_here(last: Unit, following: Unit, used: int, room: int) -> bool:
    at_paragraph = last.element != following.element
    return at_paragraph and used > room // 2 and zlib.crc32(last.text.encode()) % 3 == 0


def _chunk(
    ordinal: int, units: list[Unit], place: ChunkPlace, prefix: str, elements: Sequence[Element]
) -> Chunk:
    text = ""
    spans: list[Span] = []
    lines: list[Line] = []
    previous: Unit | None = None
    for unit in units:
        if previous is not None:
            text += _between(previous, unit, elements)
        start = len(text)
        text += unit.text
        spans.append(Span(start, len(text), unit.element, unit.start))
        lines += _lines(elements[unit.element], unit, start)
        previous = unit
    embedded = f"{prefix}\n{text}" if prefix else text
    return Chunk(
        ordinal=ordinal,
        text=text,
        embedded_text=embedded,
        page=place.page,
        section=place.section,
        spans=tuple(spans),
        lines=tuple(lines),
    )


def _between(previous: Unit, unit: Unit, elements: Sequence[Element]) -> str:
    if previous.element != unit.element:
        return "\n\n"
    gap = elements[unit.element].text[previous.end : unit.start]
    return "\n" if "\n" in gap or previous.is_header else " "


def _lines(element: Element, unit: Unit, start: int) -> list[Line]:
    """The element's printed lines that the unit covers, with offsets into the chunk."""
    shift = start - unit.start
    return [
        Line(max(line.start, unit.start) + shift, min(line.end, unit.end) + shift, line.box)
        for line in element.lines
        if line.start < unit.end and line.end > unit.start
    ]
