"""What ``kb tune`` learns from, and what it has learned."""

from dataclasses import dataclass
from typing import Any

PREFIX = "tuned-"


def name_of(number: int) -> str:
    """A tuning's name in the register."""
    return f"{PREFIX}{number}"


@dataclass(frozen=True, slots=True)
class KeptTuning:
    """A tuning in the catalog. ``facts`` say what it was learned from, and its figures."""

    id: int
    state: str
    digest: str
    """SHA-256 of what was learned."""
    facts: dict[str, Any]
    made_at: float
    """Unix seconds."""

    @property
    def name(self) -> str:
        """Its name in the register."""
        return name_of(self.id)


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, and the passages of one document that are right for it.

    ``points`` are the passages' in the index, ``origin`` is how it became known.
    """

    origin: str
    question: str
    document_id: int
    content_hash: str
    path: str
    page: int | None
    section: str | None
    text: str
    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A passage that is searched, as far as learning needs it."""

    point: int
    document_id: int
    vector_hash: str


@dataclass(frozen=True, slots=True)
class Taught:
    """What is there to learn from.

    ``passages`` are those that everyone may read, and those of the sources that were named.
    ``gone`` counts right passages that are not there any more, ``withheld`` those that not
    everyone may read.
    """

    pairs: tuple[Pair, ...]
    passages: tuple[Standing, ...]
    gone: int
    withheld: int
