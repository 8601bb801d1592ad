"""Characters that no text has are replaced one for one: offsets in a text stay right.

No database stores some of them: PostgreSQL refuses NUL, and nothing encodes half a pair.
"""

import msgspec

from ingest.parsers import authors
from ingest.parsers.characters import NO_TEXT, plain
from kb.types.parsed import Element, Member, Parsed

LONGEST_NAME = 1000
"""Characters of a title, an author or a section's name: each passage carries it."""


def storable(parsed: Parsed) -> Parsed:
    """What was parsed of a file, each unstorable character replaced."""
    return msgspec.structs.replace(
        parsed,
        title=_text(parsed.title and parsed.title[:LONGEST_NAME]),
        author=_text(parsed.author and authors.decoded(parsed.author[:LONGEST_NAME])),
        elements=tuple(_element(e) for e in parsed.elements),
        members=tuple(Member(name=plain(m.name), content=m.content) for m in parsed.members),
    )


def _element(element: Element) -> Element:
    if element.section and len(element.section) > LONGEST_NAME:
        element = msgspec.structs.replace(element, section=element.section[:LONGEST_NAME])
    if not _is_affected(element):
        return element
    rows = element.rows
    return msgspec.structs.replace(
        element,
        text=plain(element.text),
        section=_text(element.section),
        rows=rows and tuple(tuple(plain(cell) for cell in row) for row in rows),
    )


def _is_affected(element: Element) -> bool:
    return bool(NO_TEXT.search(f"{element.text}{element.section or ''}"))


def _text(text: str | None) -> str | None:
    return None if text is None else plain(text)
