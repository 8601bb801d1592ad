"""What ``kb tune`` learns from, and what it has learned."""

from dataclasses import dataclass
from typing import Any

import msgspec

PREFIX = "tuned-"


def name_of(number: int) -> str:
    """A tuning's name in the register."""
    return f"{PREFIX}{number}"


class Gain(msgspec.Struct, frozen=True, kw_only=True):
    """What is gained by a tuning for one model, by questions that were held out.

    ``before`` and ``after`` are the mean reciprocal place of the right passage (0 to 1) by this
    model alone, ``low`` and ``high`` the 95 % interval of the gain. ``used``: the gain is beyond
    chance as :mod:`kb.tuning.learning` judges it, not by that interval, so that this model's
    questions are moved. ``ridge`` and ``step`` are as in that module.
    """

    name: str
    digest: str
    """SHA-256 of the model's files."""
    used: bool
    ridge: float
    step: float
    questions: int
    before: float
    after: float
    low: float
    high: float


class Learning(msgspec.Struct, frozen=True, kw_only=True):
    """What a tuning was learned from, and its figures: no text of any document or question.

    ``models`` are by the models' fingerprints. ``origins`` count the pairs by how they became
    known, ``documents`` are ids with the SHA-256 of the content, ``sources`` those that were named.
    ``gone`` and ``withheld`` are as in :class:`Taught`. ``data`` is the SHA-256 of all pairs.
    ``forced``: it is used although something is ``lost`` (``set: measure``). ``generation`` is the
    fingerprint of the index that it was measured on. ``gate`` is the comparison as
    :mod:`kb.swapping.gate` gives it, which is JSON. ``bytes`` is the size of what was learned.
    """

    models: dict[str, Gain]
    questions: int
    origins: dict[str, int]
    documents: tuple[tuple[int, str], ...]
    sources: tuple[str, ...]
    gone: int
    withheld: int
    data: str
    forced: bool = False
    generation: str
    gate: dict[str, Any]
    lost: tuple[str, ...] = ()
    bytes: int = 0

    @property
    def used(self) -> list[Gain]:
        """The gains of the models whose questions are moved."""
        return [one for one in self.models.values() if one.used]


@dataclass(frozen=True, slots=True)
class KeptTuning:
    """A tuning in the catalog. ``facts`` say what it was learned from, and its figures."""

    id: int
    state: str
    digest: str
    """SHA-256 of what was learned."""
    facts: Learning
    made_at: float
    """Unix seconds."""

    @property
    def name(self) -> str:
        """The tuning's name in the register."""
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
class SearchedPassage:
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
    passages: tuple[SearchedPassage, ...]
    gone: int
    withheld: int
