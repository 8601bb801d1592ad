"""A file as it was read: elements, members, chunks."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the page's width and height (0..1, top is 0)."""


HIDDEN = "Hidden text"
"""The section of text that a reader of the document does not see."""
UNREADABLE_LETTERS = "Unreadable letters"
"""The section of text that says something else than what a reader sees."""
COMMENT = "Comment"
"""The section of what somebody wrote beside the document's own text."""
ALSO = "also"
"""The parameter of a reason that holds what else there is to say: codes with parameters."""


class State(StrEnum):
    """Where a file stands in the ledger."""

    WAITING = "waiting"
    INDEXED = "indexed"
    PARTIAL = "partial"
    SKIPPED = "skipped"
    FAILED = "failed"
    QUARANTINED = "quarantined"


class Line(msgspec.Struct, frozen=True, array_like=True):
    """A printed line of an element: offsets into the element's text, and where it stands."""

    start: int
    end: int
    box: Box


class Element(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of a document, in reading order.

    ``kind`` is unstructured's element type (Title, NarrativeText, ListItem, Table, ...).
    ``level`` is the depth of a Title (0 is the highest). ``rows`` holds a Table's cells, whose
    ``text`` then is the rows joined by newlines, the cells by `` | ``; the first ``header_rows`` of
    them name the columns.
    """

    kind: str
    text: str
    page: int | None = None
    level: int = 0
    section: str | None = None
    rows: tuple[tuple[str, ...], ...] | None = None
    header_rows: int = 1
    lines: tuple[Line, ...] = ()


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A file inside a container (an attachment): a document of its own."""

    name: str
    content: bytes


class Notice(msgspec.Struct, frozen=True, array_like=True):
    """What the ledger says of a file that was read all the same: a code with its parameters.

    The names of the parameters are the places in the sentence of the code, each code has its own
    (``kb/surface/reasons.py``). So they are no fields: a parser that has something new to say needs
    a code with its sentence, and nothing here.
    """

    code: str
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a parser returns."""

    parser: str
    media_type: str
    elements: tuple[Element, ...]
    title: str | None = None
    author: str | None = None
    sent: float | None = None
    """When a mail was sent (Unix seconds)."""
    created: float | None = None
    changed: float | None = None
    """When its file was made and changed last, as it says itself (Unix seconds)."""
    pages: int | None = None
    page_sizes: tuple[tuple[float, float], ...] = ()
    members: tuple[Member, ...] = ()
    confidences: tuple[tuple[int, float], ...] = ()
    """Recognised pages (1-based), each with the mean confidence of its words, 0 to 100."""
    problem: str | None = None
    problem_parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    """What was read in one of several ways, or left out on purpose: no ``problem``."""


def as_kept(reasons: Sequence[Notice]) -> tuple[str | None, dict[str, Any]]:
    """The first reason's code and parameters, with the other reasons in these as :data:`ALSO`."""
    if not reasons:
        return None, {}
    first, *others = reasons
    also = [[one.code, one.parameters] for one in others]
    return first.code, first.parameters | ({ALSO: also} if also else {})


def from_kept(code: str | None, parameters: Mapping[str, Any]) -> tuple[Notice, ...]:
    """The reasons that :func:`as_kept` wrote.

    Raises:
        msgspec.ValidationError: what else there is to say is no list of codes with parameters.
    """
    if code is None:
        return ()
    first = Notice(code, {name: value for name, value in parameters.items() if name != ALSO})
    return first, *msgspec.convert(parameters.get(ALSO, []), list[Notice])


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of a chunk's text and the element it was taken from."""

    start: int
    end: int
    element: int
    element_start: int


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """A passage as it is stored: ``text`` verbatim, ``embedded_text`` with its headings."""

    ordinal: int
    text: str
    embedded_text: str
    page: int | None
    section: str | None
    spans: tuple[Span, ...]
    lines: tuple[Line, ...]
