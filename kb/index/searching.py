"""How a question is searched in two rounds, the same for every engine.

The first round asks every list by itself. The second, where the lists are to be fused, has two
ends, and docs/retrieval.md says what each of them gives. The question's vector is moved towards
those of the three best points (Rocchio, 1971), in each model by itself: what the first hits have in
common finds others like them. And each list scores all points that any list has brought: a point
just beyond the end of a list is worth a little less than the last one there, and not nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from kb.index import fusion, lexical
from kb.index.base import GRAMS, WORDS, Hits, IndexQuery, Ranked
from kb.index.lexical import Sparse

FEEDBACK_POINTS, FEEDBACK_WEIGHT = 3, 0.5
"""How many best points move the question's vector, and the weight of their mean beside it."""
ASKED = "asked"
"""Scores of the first model by the question's own vector, only for points that other lists brought;
needed to report a similarity for every hit."""
Vector = list[float] | Sparse


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A question to one list, named by ``using``; ``only`` limits the search to some points."""

    using: str
    vector: Vector
    limit: int
    only: tuple[int, ...] | None = None


class Engine(Protocol):
    """What searching needs of an adapter."""

    async def ranked(
        self, generation: str, queries: Sequence[ListQuery], readers: Sequence[str]
    ) -> list[Ranked]:
        """Search several lists in one batch; the best points of each, for who has these tokens."""
        ...

    async def vectors(
        self, generation: str, ids: Sequence[int], names: Sequence[str]
    ) -> list[dict[str, list[float]]]:
        """The vectors of these names that these points have, as far as they are there."""
        ...


async def search(engine: Engine, generation: str, query: IndexQuery) -> Hits:
    """Search every list; where the query has weights, search again as above, and fuse."""
    language, vectors = _vectors(query)
    asked = [n for n in vectors if n not in query.lists]
    only = tuple(query.only) or None
    first = [ListQuery(name, vectors[name], query.limit, only) for name in asked]
    found = await engine.ranked(generation, first, query.readers) if first else []
    lists: dict[str, Ranked] = {n: [] for n in (*query.vectors, WORDS, GRAMS)}
    lists |= query.lists | dict(zip(asked, found, strict=True))
    exhausted = all(len(ranked) < query.limit for ranked in lists.values())
    worth = query.worth if language in query.languages else query.worth_foreign
    if not worth:
        return Hits(language, lists, exhausted=exhausted)
    if not any(lists.values()):
        return Hits(language, exhausted=exhausted)
    second = await _second(engine, generation, query, lists, vectors, worth)
    similarity = _similarity(query, lists, second.pop(ASKED))
    fused = fusion.fuse(second, worth, query.vectors)
    return Hits(language, fused=fused, similarity=similarity, exhausted=exhausted)


def _vectors(query: IndexQuery) -> tuple[str, dict[str, Vector]]:
    """The question's language, and its vector for each list that it can be put to."""
    language, words, grams = lexical.of_question(query.text)
    vectors: dict[str, Vector] = {
        name: np.frombuffer(by.vector, dtype="<f4").tolist() for name, by in query.vectors.items()
    }
    return language, vectors | {n: v for n, v in ((WORDS, words), (GRAMS, grams)) if v.indices}


async def _second(
    engine: Engine,
    generation: str,
    query: IndexQuery,
    lists: dict[str, Ranked],
    vectors: dict[str, Vector],
    worth: dict[str, float],
) -> dict[str, Ranked]:
    """Each list's scores of all points that were brought; a model's by its moved vector."""
    every = {point for ranked in lists.values() for point, _ in ranked}
    best = [point for point, _ in fusion.fuse(lists, worth, query.vectors)[:FEEDBACK_POINTS]]
    standing = await engine.vectors(generation, best, list(query.vectors))
    moved = {n: _moved(vectors[n], [v[n] for v in standing if n in v]) for n in query.vectors}
    missing = {n: every - {point for point, _ in ranked} for n, ranked in lists.items()}
    first = next(iter(query.vectors))
    wanted: list[tuple[str, str, Vector, set[int]]] = [
        (n, n, vector, every) for n, (vector, _) in moved.items()
    ]
    wanted.append((ASKED, first, vectors[first], missing[first]))
    wanted += [(n, n, vectors[n], missing[n]) for n in (WORDS, GRAMS) if lists[n] and worth.get(n)]
    asked = [w for w in wanted if w[3]]
    queries = [ListQuery(using, v, len(only), tuple(only)) for _, using, v, only in asked]
    found = await engine.ranked(generation, queries, query.readers)
    given = {name: ranked for (name, *_), ranked in zip(asked, found, strict=True)}
    lexically = {n: lists[n] + given.get(n, []) for n in (WORDS, GRAMS)}
    dense = {
        n: [(point, score * length) for point, score in given.get(n, [])]
        for n, (_, length) in moved.items()
    }
    return {ASKED: given.get(ASKED, []), **dense, **lexically}


def _similarity(query: IndexQuery, lists: Mapping[str, Ranked], others: Ranked) -> dict[int, float]:
    """The cosine of each point in the first model; ``others`` are those that its list lacks.

    A point without a vector of that model is as near as another model has it.
    """
    (first, by), *rest = query.vectors.items()
    found = dict(lists[first]) | dict(others)
    elsewhere = fusion.near({n: lists[n] for n, _ in rest}, dict(rest))
    told = {point: by.floor + value * (1 - by.floor) for point, value in elsewhere}
    return told | found


def _moved(question: Any, best: list[list[float]]) -> tuple[list[float], float]:
    """The moved vector, of length 1, and how long it is as a weighted mean.

    A cosine with it, times that length, is the same mean of the cosines with the question and with
    the best points: a floor that holds for these holds for it.
    """
    if not best:
        return list(question), 1.0
    moved = np.asarray(question) + FEEDBACK_WEIGHT * np.mean(np.asarray(best), axis=0)
    length = float(np.linalg.norm(moved))
    return [float(v) for v in moved / length], length / (1 + FEEDBACK_WEIGHT)
