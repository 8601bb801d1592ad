"""How a question is searched in two rounds, the same for every engine.

The first round asks every list by itself. The second, where the lists are to be fused, has two
ends, and docs/retrieval.md says what each of them gives. The question's vector is moved towards
those of the best points (Rocchio, 1971), in each model by itself: what the first hits have in
common finds others like them. And each list scores all points that any list has brought: a point
just beyond the end of a list is worth a little less than the last one there, and not nothing.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kb.index import lexical, weighing
from kb.index.base import GRAMS, WORDS, AskedBy, Hits, IndexQuery, Ranked
from kb.index.lexical import Sparse
from kb.index.sampled import Sample
from kb.index.weighing import FEEDBACK, CosineReader, Told
from kb.types.passages import PassageStanding

ASKED = "asked "
"""Before a model's name: its scores by the question's own vector, for points that other lists
brought; needed to tell of every hit how near it is to the question as it was asked."""
STANDING = 24
"""The best points of which more is told than their score: an answer is made from fewer."""
MOST_FEEDBACK = max(points for _, points in FEEDBACK.values())
Dense = NDArray[np.floating[Any]]
Vector = Dense | Sparse


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A question to one list, named by ``using``; ``only`` limits the search to some points."""

    using: str
    vector: Vector
    limit: int
    only: AbstractSet[int] | None = None


class SearchedIndex(Protocol):
    """What searching needs of an adapter."""

    async def ranked(
        self, generation: str, queries: Sequence[ListQuery], readers: Sequence[str]
    ) -> list[Ranked]:
        """Search several lists in one batch; the best points of each, for who has these tokens."""
        ...

    async def vectors(
        self, generation: str, ids: Sequence[int], names: Sequence[str]
    ) -> dict[int, dict[str, list[float]]]:
        """The vectors of these names that points have, by point, as far as they are there."""
        ...

    async def languages(self, generation: str, ids: Sequence[int]) -> dict[int, str]:
        """The language of each of these points that is there; empty: it is not known."""
        ...

    async def sample(self, generation: str) -> Sample:
        """What a sample tells of the generation."""
        ...


@dataclass(frozen=True, slots=True)
class SearchedQuestion:
    """A question with its language (ISO 639-1), and its vectors by model and of terms."""

    query: IndexQuery
    language: str
    dense: Mapping[str, Dense]
    sparse: Mapping[str, Sparse]

    @property
    def models(self) -> Mapping[str, AskedBy]:
        """The question as each model embeds it, by the name of its vectors."""
        return self.query.vectors


@dataclass(frozen=True, slots=True)
class Weighing:
    """What lists are fused by: the question, what a sample tells, the languages of the points.

    ``masses`` are what the question's terms tell together, by list.
    """

    question: SearchedQuestion
    sample: Sample
    languages: Mapping[int, str]
    masses: Mapping[str, float]

    def fused(self, lists: Mapping[str, Ranked], asked: Mapping[str, Dense]) -> Ranked:
        """The lists made one, where the models were ``asked`` with these vectors."""
        return weighing.fuse(self.question.language, self.languages, *self._read(lists, asked))

    def standing(
        self, points: Sequence[int], lists: Mapping[str, Ranked]
    ) -> dict[int, PassageStanding]:
        """How points stand to the question as it was asked."""
        read = self._read(lists, self.question.dense)
        return weighing.standings(points, self.question.language, self.languages, *read)

    def _read(
        self, lists: Mapping[str, Ranked], asked: Mapping[str, Dense]
    ) -> tuple[list[CosineReader], Told, Told]:
        words, grams = (Told(dict(lists[n]), self.masses.get(n, 0.0)) for n in (WORDS, GRAMS))
        readers = [
            _reader(by, lists[model], self.sample.floors(model, asked[model]))
            for model, by in self.question.models.items()
        ]
        return readers, words, grams


async def search(engine: SearchedIndex, generation: str, query: IndexQuery) -> Hits:
    """Search every list; where the query says so, search again as above, and fuse."""
    question = _question(query)
    lists = await _first(engine, generation, question)
    exhausted = all(len(ranked) < query.limit for ranked in lists.values())
    if not query.fused:
        return Hits(question.language, lists, exhausted=exhausted)
    if not any(lists.values()):
        return Hits(question.language, exhausted=exhausted)
    weighed = await _weighing(engine, generation, question, lists)
    best = [point for point, _ in weighed.fused(lists, question.dense)[:MOST_FEEDBACK]]
    standing = await engine.vectors(generation, best, list(question.models))
    moved = {n: _moved(question, n, best, standing) for n in question.models}
    second = await _second(engine, generation, question, lists, moved)
    plain = second | {n: lists[n] + second.pop(ASKED + n) for n in question.models}
    fused = weighed.fused(second, moved)
    return Hits(
        question.language,
        fused=fused,
        similarity=_similarity(question, plain),
        standing=weighed.standing([point for point, _ in fused[:STANDING]], plain),
        exhausted=exhausted,
    )


def _question(query: IndexQuery) -> SearchedQuestion:
    language, words, grams = lexical.of_question(query.text)
    dense = {n: np.frombuffer(by.vector, dtype="<f4") for n, by in query.vectors.items()}
    sparse = {n: terms for n, terms in ((WORDS, words), (GRAMS, grams)) if terms.indices}
    return SearchedQuestion(query, language, dense, sparse)


async def _weighing(
    engine: SearchedIndex, generation: str, question: SearchedQuestion, lists: Mapping[str, Ranked]
) -> Weighing:
    every = {point for ranked in lists.values() for point, _ in ranked}
    languages = await engine.languages(generation, list(every))
    sample = await engine.sample(generation)
    masses = {name: sample.mass(name, terms) for name, terms in question.sparse.items()}
    return Weighing(question, sample, languages, masses)


async def _first(
    engine: SearchedIndex, generation: str, question: SearchedQuestion
) -> dict[str, Ranked]:
    """The best of each list, by its name."""
    query = question.query
    only = frozenset(query.only) or None
    vectors: dict[str, Vector] = {**question.dense, **question.sparse}
    asked = [n for n in vectors if n not in query.lists]
    queries = [ListQuery(n, vectors[n], query.limit, only) for n in asked]
    found = await engine.ranked(generation, queries, query.readers) if queries else []
    lists: dict[str, Ranked] = {n: [] for n in (*question.models, WORDS, GRAMS)}
    return lists | query.lists | dict(zip(asked, found, strict=True))


async def _second(
    engine: SearchedIndex,
    generation: str,
    question: SearchedQuestion,
    lists: Mapping[str, Ranked],
    moved: Mapping[str, Dense],
) -> dict[str, Ranked]:
    """Each list's scores of all points that were brought; a model's by its moved vector.

    By the question's own one (:data:`ASKED`) only those that its list has not.
    """
    every = {point for ranked in lists.values() for point, _ in ranked}
    missing = {n: every - {point for point, _ in ranked} for n, ranked in lists.items()}
    wanted: list[tuple[str, str, Vector, set[int]]] = [(n, n, v, every) for n, v in moved.items()]
    wanted += [(ASKED + n, n, vector, missing[n]) for n, vector in question.dense.items()]
    # A list that has brought nothing has no other points either.
    wanted += [(n, n, terms, missing[n]) for n, terms in question.sparse.items() if lists[n]]
    asked = [w for w in wanted if w[3]]
    queries = [ListQuery(using, v, len(only), only) for _, using, v, only in asked]
    found = await engine.ranked(generation, queries, question.query.readers)
    given = {name: ranked for (name, *_), ranked in zip(asked, found, strict=True)}
    dense = {n: given.get(n, []) for n in (*moved, *(ASKED + name for name in moved))}
    lexically = {n: lists[n] + given.get(n, []) for n in (WORDS, GRAMS)}
    return dense | lexically


def _moved(
    question: SearchedQuestion,
    model: str,
    best: Sequence[int],
    standing: Mapping[int, Mapping[str, Sequence[float]]],
) -> Dense:
    """A model's vector of the question, moved towards those of the best points that have one.

    It is a weighted mean, and not normalised: a cosine with it is the same mean of the cosines with
    the question and with those points, so that one scale holds for both.
    """
    weight, most = FEEDBACK[question.models[model].as_passage]
    there = [standing[p][model] for p in best[:most] if model in standing.get(p, {})]
    if not there:
        return question.dense[model]
    moved: Dense = (question.dense[model] + weight * np.mean(there, axis=0)) / (1 + weight)
    return moved


def _reader(by: AskedBy, ranked: Ranked, floors: Mapping[str, float] | None = None) -> CosineReader:
    known = None if by.languages is None else frozenset(by.languages)
    return CosineReader(by.unrelated, by.related, known, dict(ranked), floors or {}, by.understood)


def _similarity(question: SearchedQuestion, lists: Mapping[str, Ranked]) -> dict[int, float]:
    """The cosine of each point in the first model.

    A point without a vector of that model is as near as the other models have it.
    """
    (first, by), *rest = question.models.items()
    readers = [reader for n, one in rest if (reader := _reader(one, lists[n])).tells]
    near: dict[int, list[float]] = {}
    for reader in readers:
        for point, cosine in reader.cosines.items():
            near.setdefault(point, []).append(reader.read(cosine))
    told = {
        point: by.unrelated + sum(values) / len(values) * (by.related - by.unrelated)
        for point, values in near.items()
    }
    return told | dict(lists[first])
