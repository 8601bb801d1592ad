"""How a question becomes lists, the same for every engine.

First every list by itself. Then, where the lists are to be fused: the three best points' vectors
move the question's (Rocchio, 1971), and each list scores all points that any list has brought. A
point that one list ranks 101st is not worth nothing there, and what the first hits have in common
finds their like. docs/retrieval.md says what each of the two gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from kb.index import fusion, lexical
from kb.index.base import DENSE, GRAMS, LISTS, WORDS, Hits, IndexQuery, Ranked
from kb.index.lexical import Sparse

FEEDBACK_POINTS, FEEDBACK_WEIGHT = 3, 0.5
ASKED = "asked"
"""The dense list of the question as it was put, for points that only other lists have brought."""
Vector = list[float] | Sparse


@dataclass(frozen=True, slots=True)
class ListQuery:
    """One list of an engine: ``using`` names it, ``only`` limits it to some points."""

    using: str
    vector: Vector
    limit: int
    only: tuple[int, ...] | None = None


class Engine(Protocol):
    """What searching needs of an engine."""

    async def ranked(
        self, generation: str, queries: Sequence[ListQuery], readers: Sequence[str]
    ) -> list[Ranked]:
        """Search several lists in one batch."""
        ...

    async def vectors(self, generation: str, ids: Sequence[int]) -> list[list[float]]:
        """The dense vectors of points that are there."""
        ...


async def search(engine: Engine, generation: str, query: IndexQuery) -> Hits:
    """Every list of a question; with ``worth``, completed, with feedback, and fused."""
    language, vectors = _vectors(query)
    asked = [n for n in LISTS if n in vectors and n not in query.lists]
    only = tuple(query.only) or None
    first = [ListQuery(name, vectors[name], query.limit, only) for name in asked]
    found = await engine.ranked(generation, first, query.readers) if first else []
    lists: dict[str, Ranked] = {n: [] for n in LISTS}
    lists |= query.lists | dict(zip(asked, found, strict=True))
    exhausted = all(len(ranked) < query.limit for ranked in lists.values())
    worth = query.worth if language in query.languages else query.worth_foreign
    if not worth:
        return Hits(language, lists, exhausted=exhausted)
    if not any(lists.values()):
        return Hits(language, exhausted=exhausted)
    second = await _second(engine, generation, query, lists, vectors, worth)
    similarity = dict(lists[DENSE]) | dict(second.pop(ASKED))
    fused = fusion.fuse(second, worth)
    return Hits(language, fused=fused, similarity=similarity, exhausted=exhausted)


def _vectors(query: IndexQuery) -> tuple[str, dict[str, Vector]]:
    """The question's language, and its vector for each list that it can be put to."""
    language, words, grams = lexical.of_question(query.text)
    vectors: dict[str, Vector] = {}
    if query.vector:
        vectors[DENSE] = np.frombuffer(query.vector, dtype="<f4").tolist()
    return language, vectors | {n: v for n, v in ((WORDS, words), (GRAMS, grams)) if v.indices}


async def _second(
    engine: Engine,
    generation: str,
    query: IndexQuery,
    lists: dict[str, Ranked],
    vectors: dict[str, Vector],
    worth: dict[str, float],
) -> dict[str, Ranked]:
    """The lists over all points that were brought, the dense one by the moved question."""
    every = {point for ranked in lists.values() for point, _ in ranked}
    best = [point for point, _ in fusion.fuse(lists, worth)[:FEEDBACK_POINTS]]
    moved = _moved(vectors[DENSE], await engine.vectors(generation, best))
    missing = {n: every - {point for point, _ in lists[n]} for n in LISTS}
    wanted = [(DENSE, DENSE, moved, every), (ASKED, DENSE, vectors[DENSE], missing[DENSE])]
    wanted += [(n, n, vectors[n], missing[n]) for n in (WORDS, GRAMS) if lists[n] and worth.get(n)]
    asked = [w for w in wanted if w[3]]
    queries = [ListQuery(using, v, len(only), tuple(only)) for _, using, v, only in asked]
    found = await engine.ranked(generation, queries, query.readers)
    given = {name: ranked for (name, *_), ranked in zip(asked, found, strict=True)}
    lexically = {n: lists[n] + given.get(n, []) for n in (WORDS, GRAMS)}
    return {DENSE: given.get(DENSE, []), ASKED: given.get(ASKED, []), **lexically}


def _moved(question: Any, best: list[list[float]]) -> list[float]:
    if not best:
        return list(question)
    moved = np.asarray(question) + FEEDBACK_WEIGHT * np.mean(np.asarray(best), axis=0)
    return [float(v) for v in moved / np.linalg.norm(moved)]
