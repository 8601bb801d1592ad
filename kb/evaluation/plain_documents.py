"""The plain systems over a folder's own passages: how often they find the document and the page."""

import time
from collections.abc import Sequence
from typing import Any

from kb.catalog import chunks
from kb.catalog.database import current_seq
from kb.evaluation import resampling
from kb.evaluation.baselines import Baselines
from kb.evaluation.running import HIT_FIGURES, Advance, hit_figures
from kb.evaluation.sets import Collection, CollectionText, EvaluationQuestion, Query
from kb.knowledge_base import KnowledgeBase


async def rank(
    base: KnowledgeBase,
    questions: Sequence[EvaluationQuestion],
    systems: Sequence[str],
    advance: Advance,
) -> list[dict[str, Any]]:
    """A row a system: shares of the answerable questions, and seconds for all of them."""
    stored = await base.catalog.read(_passages, base)
    texts = tuple(
        CollectionText(str(point), "", f"{c.title} {c.section or ''} {c.text}")
        for point, c in stored.items()
    )
    answerable = [q for q in questions if not q.unanswerable]
    queries = tuple(Query(q.id, q.text, q.language) for q in answerable)
    plain = Baselines(Collection("passages", texts, queries, {}), base.embeddings)
    rows = []
    for system in systems:
        begun = time.monotonic()
        rankings = await plain.rank(system, queries)
        judged = []
        for question in answerable:
            best = [stored[int(point)] for point in list(rankings[question.id])[:10]]
            judged.append(hit_figures(question, [_place(c) for c in best]))
            advance()
        rows.append({"system": system, **_means(judged), "seconds": time.monotonic() - begun})
    return rows


def _passages(base: KnowledgeBase) -> dict[int, Any]:
    with base.catalog.reading() as connection:
        points = chunks.current_points(connection)
        return chunks.hydrate(connection, base.principal(None), points, current_seq(connection))


def _place(chunk: Any) -> dict[str, Any]:
    return {
        "document": chunk.path,
        "page": chunk.page,
        "section": chunk.section,
        "text": chunk.text,
        "also": [],
    }


def _means(judged: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    means: dict[str, float | None] = {}
    for name in HIT_FIGURES:
        values = [v for j in judged if (v := j.get(name)) is not None]
        means[name] = round(resampling.mean(values), 4) if values else None
    return means
