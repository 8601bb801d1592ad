"""What is kept around searching: saved searches, pinned answers, the house's own words."""

from dataclasses import dataclass

LONGEST_ANSWER = 2000
"""Most characters of a pinned answer."""


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search under a name. ``address`` is that of the page that shows it."""

    id: int
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A document that somebody opened."""

    id: int
    title: str | None
    path: str
    source: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is kept for one person: their searches by name, and what they opened last."""

    searches: tuple[SavedSearch, ...]
    opened: tuple[Opened, ...]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What may be meant by the beginning of a question: own earlier ones, and titles."""

    questions: tuple[str, ...]
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PinnedAnswer:
    """An answer that is shown first for a question. ``address`` is that of the passage."""

    id: int
    question: str
    answer: str
    address: str
    author: str
    path: str
    title: str | None
    source_id: int
    document_id: int

    @property
    def passage_id(self) -> str:
        """The passage that was pinned, in the version of then."""
        return self.address.rpartition("passage=")[2]


@dataclass(frozen=True, slots=True)
class Term:
    """An abbreviation and what it stands for."""

    id: int
    short: str
    meaning: str


@dataclass(frozen=True, slots=True)
class HouseWords:
    """The glossary, and the pins that somebody may read, each with whether it is theirs to take."""

    terms: tuple[Term, ...]
    pins: tuple[tuple[PinnedAnswer, bool], ...]
