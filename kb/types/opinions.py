"""What people say of answers and of passages."""

from collections.abc import Mapping
from dataclasses import dataclass

from kb.types.answers import Answer
from kb.types.passages import Passage


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody thinks of a citation of an answer, or (citation 0) of the whole answer."""

    citation: int
    verdict: str
    """``good`` or ``bad``."""
    comment: str


@dataclass(frozen=True, slots=True)
class ToReview:
    """An answer that abstained or was called bad, with the verdicts on it, by citation."""

    id: str
    question: str
    mode: str
    asked_at: float
    """Unix seconds."""
    bad: int
    """How many verdicts call it or a citation of it bad."""
    verdicts: Mapping[int, Opinion]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One to review with what it said, as far as they may read it, and the nearest passage.

    ``mine``: whether the passage is theirs to pin an answer to.
    """

    asked: ToReview
    answer: Answer | None
    nearest: Passage | None
    mine: bool


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """A question of the organisation's own with one passage that somebody called the right one."""

    id: int
    question: str
    document_id: int
    path: str
    name: str
    """Of the document's source."""
    language: str | None
    page: int | None
    section: str | None
    text: str
    judged_at: float
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class GoodPlace:
    """Where a passage stands that somebody called a good citation."""

    path: str
    page: int | None
    section: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Praised:
    """A question whose answer, or citations of it, somebody called good; with what it cites."""

    id: str
    question: str
    places: tuple[GoodPlace, ...]
