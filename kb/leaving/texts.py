"""A document's text and elements as lines of an export, and what was parsed made of them again.

The text of a document is that of its elements, with a blank line between. An element's line says
which characters of it are its own. Pure.
"""

from collections.abc import Sequence

import msgspec

from kb.leaving.problems import damaged
from kb.types.leaving import LeftDocument, LeftElement, LeftParsed, LeftText
from kb.types.parsed import Element, Parsed

BETWEEN = "\n\n"


def split(document: LeftDocument, parsed: Parsed) -> tuple[LeftText, list[LeftElement]]:
    """The lines of what was parsed of a document."""
    lines, at = [], 0
    for number, element in enumerate(parsed.elements):
        end = at + len(element.text)
        lines.append(_element(document.id, number, element, at, end))
        at = end + len(BETWEEN)
    text = BETWEEN.join(element.text for element in parsed.elements)
    return _text(document, text, len(lines), parsed), lines


def without_elements(document: LeftDocument, passages: Sequence[str]) -> LeftText:
    """The line of a document of which only passages are left."""
    return _text(document, BETWEEN.join(passages), 0, None)


def _text(document: LeftDocument, text: str, elements: int, parsed: Parsed | None) -> LeftText:
    whole = msgspec.convert(parsed, LeftParsed, from_attributes=True) if parsed else None
    return LeftText(
        document=document.id,
        source=document.source,
        path=document.path,
        title=document.title,
        text=text,
        elements=elements,
        parsed=whole,
    )


def _element(document: int, number: int, element: Element, start: int, end: int) -> LeftElement:
    return LeftElement(
        document=document,
        number=number,
        kind=element.kind,
        page=element.page,
        start=start,
        end=end,
        level=element.level,
        section=element.section,
        rows=element.rows,
        header_rows=element.header_rows,
        lines=element.lines,
    )


def joined(left: LeftText, lines: Sequence[LeftElement]) -> Parsed | None:
    """What was parsed, of its lines; None where that was lost before.

    Raises:
        UsageError: the lines do not fit the text.
    """
    if left.parsed is None:
        return None
    elements = []
    for number, line in enumerate(lines):
        whole = (line.document, line.number) == (left.document, number)
        if not whole or not 0 <= line.start <= line.end <= len(left.text):
            raise damaged("elements that do not fit their text", "data/elements.jsonl")
        elements.append(_joined(line, left.text[line.start : line.end]))
    whole_file = msgspec.structs.asdict(left.parsed)
    return Parsed(elements=tuple(elements), **whole_file)


def _joined(line: LeftElement, text: str) -> Element:
    return Element(
        kind=line.kind,
        text=text,
        page=line.page,
        level=line.level,
        section=line.section,
        rows=line.rows,
        header_rows=line.header_rows,
        lines=line.lines,
    )
