"""Characters that no text has are replaced one for one: offsets in a text stay right.

No database stores some of them: PostgreSQL refuses NUL, and nothing encodes half a pair.
"""

import msgspec

from ingest.parsers.characters import NO_TEXT
from kb.types.parsed import Element, Member, Parsed


def storable(parsed: Parsed) -> Parsed:
    """What was parsed of a file, each unstorable character replaced."""
    return msgspec.structs.replace(
        parsed,
        title=_text(parsed.title),
        author=_text(parsed.author),
        elements=tuple(_element(e) for e in parsed.elements),
        members=tuple(Member(name=_clean(m.name), content=m.content) for m in parsed.members),
    )


def _element(element: Element) -> Element:
    if not _is_affected(element):
        return element
    rows = element.rows
    return msgspec.structs.replace(
        element,
        text=_clean(element.text),
        section=_text(element.section),
        rows=rows and tuple(tuple(_clean(cell) for cell in row) for row in rows),
    )


def _is_affected(element: Element) -> bool:
    return bool(NO_TEXT.search(f"{element.text}{element.section or ''}"))


def _text(text: str | None) -> str | None:
    return None if text is None else _clean(text)


def _clean(text: str) -> str:
    return NO_TEXT.sub(" ", text)
