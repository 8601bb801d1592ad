"""The values that cross from room to room: frozen, small, without behaviour of their own."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from kb.errors import UsageError

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the page's width and height (0..1, top is 0)."""


HIDDEN = "Hidden text"
"""The section of text that a reader of the document does not see."""


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


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a parser returns."""

    parser: str
    media_type: str
    elements: tuple[Element, ...]
    title: str | None = None
    author: str | None = None
    pages: int | None = None
    page_sizes: tuple[tuple[float, float], ...] = ()
    members: tuple[Member, ...] = ()
    confidences: tuple[tuple[int, float], ...] = ()
    """Recognised pages (1-based), each with the mean confidence of its words, 0 to 100."""
    problem: str | None = None
    problem_parameters: dict[str, Any] = msgspec.field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who asks: a name to show, and the reader tokens they carry (never empty)."""

    name: str
    tokens: frozenset[str]
    owner: bool = False
    administrator: bool = False
    curates: frozenset[int] = frozenset()
    """Sources (ids) that they answer for."""
    viewed_by: str | None = None
    """The administrator who looks through this person's eyes, and may change nothing."""

    @property
    def asker(self) -> str:
        """Who really asks, whoever's eyes they look through: it is noted and counted as theirs."""
        return self.viewed_by or self.name

    @property
    def manages(self) -> bool:
        """Whether people, sources and settings are theirs to change."""
        return self.owner or self.administrator

    def answers_for(self, source_id: int) -> bool:
        """Whether a source is theirs to look after."""
        return self.manages or source_id in self.curates


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as the catalog gives it to a reader who may see it."""

    point: int
    ordinal: int
    document_id: int
    version: int
    path: str
    source: str
    shown_as: str | None
    title: str
    media_type: str
    language: str | None
    modified: float | None
    page: int | None
    section: str | None
    text: str
    text_hash: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Passage:
    """One hit: a stretch of one document on one page, possibly of several joined chunks."""

    chunk: StoredChunk
    text: str
    points: tuple[int, ...]
    score: float
    similarity: float
    copies: int = 1
    also: tuple[str, ...] = ()

    @property
    def hidden(self) -> bool:
        """Whether a reader of the document does not see it."""
        return self.chunk.section == HIDDEN

    @property
    def passage_id(self) -> str:
        """Names the passage in URLs and citations: version and ordinals."""
        first, last = self.points[0] & 0xFFFFF, self.points[-1] & 0xFFFFF
        return f"{self.chunk.version}-{first}" + (f"-{last}" if last != first else "")


@dataclass(frozen=True, slots=True)
class Citation:
    """A claim that characters ``start`` to ``end`` of a passage support a sentence."""

    n: int
    passage: Passage
    start: int
    end: int
    supported: bool

    @property
    def quote(self) -> str:
        """The cited words, verbatim."""
        return self.passage.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer, its citations by number, and whether they hold."""

    text: str
    citations: tuple[int, ...]
    supported: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader of an answer has to know about how it came to be."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer."""

    id: str
    question: str
    text: str
    mode: str
    notice: Notice | None
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    model: str | None
    seconds: float
    asked_as: str | None = None
    """What was searched for, where a follow-up had to be written out."""
    conversation: str | None = None
    model_digest: str | None = None
    prompt_hash: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """Event: these passages were found; the answer follows."""

    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """Event: the next piece of the answer, not yet checked."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerFinished:
    """Event: the answer, checked; replaces what was streamed."""

    answer: Answer


AnswerEvent = PassagesFound | Token | AnswerFinished


def points_of(passage_id: str) -> list[int]:
    """The points of a passage by its id (version and ordinals).

    Raises:
        UsageError: that is no passage id.
    """
    try:
        numbers = [int(n) for n in passage_id.split("-")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3) or any(n < 0 for n in numbers) or numbers[0] >= 2**33:
        raise UsageError("That is not the id of a passage.", detail={"passage": passage_id[:60]})
    version, first, last = numbers[0], numbers[1], numbers[-1]
    if not first <= last < first + 10 or last >= 2**20:
        raise UsageError("That is not the id of a passage.", detail={"passage": passage_id[:60]})
    return [(version << 20) | n for n in range(first, last + 1)]
