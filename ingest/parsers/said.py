"""What a file says of itself beside its text."""

from typing import NamedTuple

LONGEST = 500
"""Most characters of a title or an author's name."""


class DocumentProperties(NamedTuple):
    """Title and author; when it was made and changed last (Unix seconds). None: it does not say."""

    title: str | None = None
    author: str | None = None
    created: float | None = None
    changed: float | None = None


NOTHING = DocumentProperties()


def line(text: str | None) -> str | None:
    """A text as one line, of a length that people read."""
    return " ".join((text or "").split())[:LONGEST] or None
