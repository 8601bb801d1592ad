"""What is known of a generation from some of its passages. Pure.

Two things that fusion needs cannot be asked of the engines: how common a term is, and where the
passages of a language lie. A sample tells both: of 100 passages the rankings are those of all
(docs/retrieval.md). Nothing else of a passage stays in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.index.lexical import Sparse
from kb.index.weighing import EVERY

SAMPLED = 1_000
"""How many passages a sample has at most."""
OWN_WEIGHT = 10
"""The mean of a language is drawn towards that of all as by so many passages."""
Vector = NDArray[np.floating[Any]]
Terms = Sequence[int] | NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, slots=True)
class SampledPassage:
    """A passage of a sample: its point, language, vectors by model, and terms by list."""

    point: int
    language: str
    vectors: Mapping[str, Vector]
    terms: Mapping[str, Terms]


@dataclass(frozen=True, slots=True)
class Centres:
    """The mean vectors of passages in one model, not normalised: a row for each language."""

    languages: tuple[str, ...]
    means: Vector


@dataclass(frozen=True, slots=True)
class Frequencies:
    """In how many passages (``counts``) each of some ``terms`` stands; terms ascend."""

    terms: NDArray[np.unsignedinteger[Any]]
    counts: NDArray[np.integer[Any]]

    def of(self, terms: Sequence[int]) -> NDArray[np.integer[Any]]:
        """In how many passages each of these terms stands."""
        if not len(self.terms):
            return np.zeros(len(terms), dtype=np.int64)
        wanted = np.asarray(terms, dtype=self.terms.dtype)
        places = np.minimum(np.searchsorted(self.terms, wanted), len(self.terms) - 1)
        return np.where(self.terms[places] == wanted, self.counts[places], 0)


@dataclass(frozen=True, slots=True)
class Sample:
    """What a sample of ``seen`` passages tells of a generation of ``passages``.

    ``centres`` are by model, ``frequencies`` by list.
    """

    seen: int
    passages: int
    centres: Mapping[str, Centres]
    frequencies: Mapping[str, Frequencies]

    def mass(self, name: str, question: Sparse) -> float:
        """The IDF of a question's terms in a list together.

        What stands in no passage of the sample counts as if it stood in none.
        """
        known = self.frequencies.get(name)
        if known is None:
            having: Vector = np.zeros(len(question.indices))
        else:
            having = known.of(question.indices) * (self.passages / self.seen)
        return float(np.dot(question.values, idf(self.passages, having)))

    def floors(self, model: str, question: Any) -> dict[str, float]:
        """The mean cosines of a question with passages, by language and for all."""
        centres = self.centres.get(model)
        if centres is None:
            return {}
        return dict(zip(centres.languages, (centres.means @ question).tolist(), strict=True))


def idf(passages: int, having: Any) -> Any:
    """BM25's inverse document frequency as the engines compute it."""
    return np.log1p((np.maximum(0.0, passages - having) + 0.5) / (having + 0.5))


def sample(seen: Sequence[SampledPassage], passages: int) -> Sample:
    """What these passages tell of a generation of so many."""
    lists = {name for passage in seen for name in passage.terms}
    models = {model for passage in seen for model in passage.vectors}
    return Sample(
        len(seen),
        passages,
        {model: _centres([p for p in seen if model in p.vectors], model) for model in models},
        {name: _frequencies(p.terms.get(name, ()) for p in seen) for name in lists},
    )


def _frequencies(passages: Iterable[Terms]) -> Frequencies:
    each = [np.unique(np.asarray(terms, dtype=np.uint32)) for terms in passages]
    terms, counts = np.unique(np.concatenate(each), return_counts=True)
    return Frequencies(terms, counts.astype(np.uint16))


def _centres(passages: Sequence[SampledPassage], model: str) -> Centres:
    vectors: Vector = np.stack([passage.vectors[model] for passage in passages])
    spoken = np.array([passage.language for passage in passages])
    every = vectors.mean(axis=0)
    languages = sorted(set(spoken.tolist()))
    means = [_drawn(vectors[spoken == language], every) for language in languages]
    return Centres((*languages, EVERY), np.stack([*means, every]))


def _drawn(vectors: Vector, every: Vector) -> Vector:
    """The mean of a language's vectors, drawn towards that of all."""
    drawn: Vector = (vectors.sum(axis=0) + OWN_WEIGHT * every) / (len(vectors) + OWN_WEIGHT)
    return drawn
