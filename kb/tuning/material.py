"""The vectors that are learned from: questions as they are asked, passages as they are indexed."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kb.catalog import vectors
from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.embedding.questions import QuestionVectors
from kb.embedding.scale import Scale
from kb.embedding.used import UsedModel
from kb.index.remote import RemoteIndex
from kb.tuning.learning import Lesson, rounds_of
from kb.tuning.pairs import FEWEST_QUESTIONS
from kb.types.tunings import Pair, SearchedPassage, Taught

AT_ONCE = 8
"""Questions that are embedded side by side: people's own come between."""
MOST_PASSAGES = 10_000
"""Beside the right ones so many passages, drawn by chance, are what a question is told from."""
NEAR_SHARE = 0.2
"""How far cosines lie apart for the nearest wrong passages to count most: so much of what lies
between unrelated and right pairs by the model's scale."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is learned from. ``lessons`` are by the models' fingerprints.

    ``rounds`` is the round in which each question is held out.
    """

    questions: tuple[str, ...]
    pairs: Mapping[str, tuple[Pair, ...]]
    rounds: tuple[int, ...]
    lessons: Mapping[str, Lesson]


def document_of(pair: Pair) -> Any:
    """What is held out together: the questions of a document."""
    return pair.document_id


async def gathered(
    catalog: Catalog,
    embeddings: Embeddings,
    index: RemoteIndex,
    found: Taught,
    together: Callable[[Pair], Any] = document_of,
) -> Material:
    """Embed the questions, and fetch the passages' vectors from the catalog.

    Pairs with the same value of ``together`` are held out in the same round.
    """
    pairs: dict[str, list[Pair]] = {}
    for pair in found.pairs:
        pairs.setdefault(pair.question, []).append(pair)
    questions = tuple(pairs)
    rounds = rounds_of([together(pairs[q][0]) for q in questions])
    embedded = await _embedded(embeddings, questions)
    languages = await index.languages(list(questions))
    asked = [q.knowing(spoken) for q, spoken in zip(embedded, languages, strict=True)]
    lessons: dict[str, Lesson] = {}
    for model in embeddings.models:
        known = await catalog.read(_vectors, catalog, model, _drawn(found))
        told = [
            (n, by[model.fingerprint].vector, [p for one in pairs[q] for p in one.points])
            for n, (q, by) in enumerate(zip(questions, asked, strict=True))
            if model.fingerprint in by
        ]
        told = [(n, v, [p for p in right if p in known]) for n, v, right in told]
        told = [one for one in told if one[2]]
        if len(told) >= FEWEST_QUESTIONS:
            scale = await embeddings.scale(model.fingerprint)
            lessons[model.fingerprint] = _lesson(told, known, rounds, scale)
    by_question = {question: tuple(found) for question, found in pairs.items()}
    return Material(questions, by_question, tuple(rounds), lessons)


async def _embedded(embeddings: Embeddings, questions: Sequence[str]) -> list[QuestionVectors]:
    found: list[QuestionVectors] = []
    for start in range(0, len(questions), AT_ONCE):
        part = questions[start : start + AT_ONCE]
        found += await asyncio.gather(*(embeddings.query(question) for question in part))
    return found


def _drawn(found: Taught) -> list[SearchedPassage]:
    """The passages that are looked at: the right ones, and others by chance (the same ones)."""
    right = {point for pair in found.pairs for point in pair.points}
    others = [one for one in found.passages if one.point not in right]
    if len(others) > MOST_PASSAGES:
        others = random.Random(0).sample(others, MOST_PASSAGES)  # noqa: S311 - no secret
    return [one for one in found.passages if one.point in right] + others


Known = dict[int, tuple[int, bytes]]
"""By its point, a passage's document and vector."""


def _vectors(catalog: Catalog, model: UsedModel, wanted: Sequence[SearchedPassage]) -> Known:
    with catalog.reading() as connection:
        kept = vectors.known(connection, model.fingerprint, [one.vector_hash for one in wanted])
    return {
        one.point: (one.document_id, kept[one.vector_hash])
        for one in wanted
        if one.vector_hash in kept
    }


def _lesson(
    told: Sequence[tuple[int, bytes, list[int]]], known: Known, rounds: Sequence[int], scale: Scale
) -> Lesson:
    row_of = {point: row for row, point in enumerate(known)}
    span = scale.related.cosine - scale.unrelated.cosine
    return Lesson(
        questions=np.stack([np.frombuffer(vector, dtype="<f4") for _, vector, _ in told]),
        passages=np.stack([np.frombuffer(vector, dtype="<f4") for _, vector in known.values()]),
        right=tuple(tuple(row_of[p] for p in right) for _, _, right in told),
        documents=np.array([document for document, _ in known.values()]),
        rounds=np.array([rounds[n] for n, _, _ in told]),
        width=max(NEAR_SHARE * span, 1e-3),
    )
