"""What is known of a generation from some of its passages. Pure.

Two things that fusion needs cannot be asked of the engines: how common a term is, and where the
passages of a language lie. A sample tells both: of 100 passages the rankings are those of all
(docs/retrieval.md).
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
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


@dataclass(frozen=True, slots=True)
class SampledPassage:
    """A passage of a sample: its language, vectors by model, and terms by list."""

    language: str
    vectors: Mapping[str, Vector]
    terms: Mapping[str, Iterable[int]]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a sample of ``seen`` passages tells of a generation.

    ``centres`` are the mean vectors by model and language, not normalised; ``frequencies`` in how
    many passages a term stands, by list.
    """

    seen: int
    centres: Mapping[str, Mapping[str, Vector]]
    frequencies: Mapping[str, Mapping[int, int]]

    def mass(self, name: str, question: Sparse, passages: int) -> float:
        """The IDF of a question's terms in a list together, by a generation of so many passages.

        What stands in no passage of the sample counts as if it stood in none.
        """
        known, scale = self.frequencies.get(name, {}), passages / self.seen if self.seen else 0.0
        return math.fsum(
            value * idf(passages, known.get(term, 0) * scale)
            for term, value in zip(question.indices, question.values, strict=True)
        )

    def floors(self, model: str, question: Any) -> dict[str, float]:
        """The mean cosines of a question with passages, by language and for all."""
        means = self.centres.get(model, {})
        return {language: float(mean @ np.asarray(question)) for language, mean in means.items()}


NOTHING_SEEN = Sample(0, {}, {})


def idf(passages: int, having: float) -> float:
    """BM25's inverse document frequency as the engines compute it."""
    return math.log1p((max(0.0, passages - having) + 0.5) / (having + 0.5))


def sample(passages: Iterable[SampledPassage]) -> Sample:
    """What these passages tell."""
    seen = 0
    frequencies: dict[str, Counter[int]] = {}
    sums: dict[str, dict[str, Vector]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for passage in passages:
        seen += 1
        for name, terms in passage.terms.items():
            frequencies.setdefault(name, Counter()).update(set(terms))
        for model, vector in passage.vectors.items():
            of_model = sums.setdefault(model, {})
            for language in (passage.language, EVERY):
                of_model[language] = of_model.get(language, 0) + vector
                counts[model, language] += 1
    centres = {
        model: {language: _mean(model, language, of_model, counts) for language in of_model}
        for model, of_model in sums.items()
    }
    return Sample(seen, centres, frequencies)


def _mean(
    model: str, language: str, sums: Mapping[str, Vector], counts: Counter[tuple[str, str]]
) -> Vector:
    every = sums[EVERY] / counts[model, EVERY]
    if language == EVERY:
        return every
    return (sums[language] + OWN_WEIGHT * every) / (counts[model, language] + OWN_WEIGHT)
