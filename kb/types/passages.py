"""What a search finds."""

from dataclasses import dataclass

import msgspec

from kb.types.parsed import HIDDEN, UNREADABLE_LETTERS, Line, Span
from kb.types.points import ordinal_of


class StoredChunk(msgspec.Struct, frozen=True):
    """A chunk as the catalog gives it to a reader who may see it: a search makes dozens."""

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
    dated: float | None
    page: int | None
    section: str | None
    text: str
    text_hash: str
    content_hash: str
    date_source: str | None = None
    date_precision: str = "day"


class Layout(msgspec.Struct, frozen=True, array_like=True):
    """Where a chunk's text stands: in which elements, and in which lines of the page."""

    spans: tuple[Span, ...]
    lines: tuple[Line, ...]


class PassageStanding(msgspec.Struct, frozen=True, array_like=True):
    """How a passage stands to a question as it was asked, in the readings of fusion.

    ``near``: by its vectors, the mean of the models that know both, less what passages of its
    language have on average (0 as an unrelated one, about 1 as a right one); ``apart``: how far
    those models differ in it. ``words``, ``grams``: the share of what the question's words tell.
    """

    near: float
    apart: float
    words: float
    grams: float


@dataclass(frozen=True, slots=True)
class Passage:
    """One hit: a stretch of one document on one page, possibly of several joined chunks.

    ``others`` are the same passage in other editions of its document, newest first; ``newest`` is
    what the newest one is called, empty where it is this one.
    """

    chunk: StoredChunk
    text: str
    points: tuple[int, ...]
    score: float
    similarity: float
    copies: int = 1
    also: tuple[str, ...] = ()
    others: tuple["Passage", ...] = ()
    newest: str = ""
    standing: PassageStanding | None = None
    """None: only its document's name has brought it, or it was not searched for."""

    @property
    def is_newest(self) -> bool:
        """Whether no edition of its document that was found is newer."""
        return not self.newest

    @property
    def hidden(self) -> bool:
        """Whether a reader of the document does not see it."""
        return self.chunk.section in {HIDDEN, UNREADABLE_LETTERS}

    @property
    def passage_id(self) -> str:
        """Names the passage in URLs and citations: version and ordinals."""
        first, last = ordinal_of(self.points[0]), ordinal_of(self.points[-1])
        return f"{self.chunk.version}-{first}" + (f"-{last}" if last != first else "")
