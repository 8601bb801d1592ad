"""The four plain systems that every retrieval is compared with.

Over title and text: BM25 by bm25s with one English stemmer and no stop words; dense by the
configured model; reciprocal rank fusion with k = 60 (Cormack, Clarke and Büttcher, 2009); half BM25
over its maximum plus half cosine, of the hundred best of each.
"""

import importlib.util
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from kb.embedding.client import Embeddings
from kb.errors import UsageError
from kb.evaluation.sets import Collection, Query

DEPTH = 100
"""Most texts of a system's ranking, the best first."""
RRF_K = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009): 1 / (k + rank)."""
PLAIN = ("bm25", "dense", "rrf", "weighted")
LEXICAL = {"bm25", "rrf", "weighted"}
"""Systems that need bm25s and pystemmer, which the extra ``[eval]`` installs."""


def missing(systems: Sequence[str]) -> list[str]:
    """Which of some systems cannot run, since bm25s or pystemmer is not installed."""
    if all(importlib.util.find_spec(m) for m in ("bm25s", "Stemmer")):
        return []
    return [system for system in systems if system in LEXICAL]


def check_installed(systems: Sequence[str]) -> None:
    """Tell before the work what these systems lack.

    Raises:
        UsageError: bm25s or pystemmer is not installed, and one of the systems needs it.
    """
    named = ", ".join(missing(systems))
    if named:
        raise UsageError(
            f"Comparing with {named} needs bm25s and pystemmer, which are not installed: "
            "pip install 'commonplace-kb[eval]'. Without them, --systems dense,commonplace.",
            code="eval_missing",
        )


class Baselines:
    """A collection, indexed twice in memory."""

    def __init__(self, collection: Collection, embeddings: Embeddings) -> None:
        self._collection = collection
        self._embeddings = embeddings
        self._bm25: Any = None
        self._matrix: Any = None

    async def rank(self, system: str, queries: Sequence[Query]) -> dict[str, dict[str, float]]:
        """The 100 best texts of each question, with scores."""
        if not queries:
            return {}
        lexical = self._lexical(queries) if system != "dense" else None
        dense = await self._dense(queries) if system != "bm25" else None
        scores = _combined(system, lexical, dense)
        return {query.id: self._best(row) for query, row in zip(queries, scores, strict=True)}

    def _lexical(self, queries: Sequence[Query]) -> Any:
        if self._bm25 is None:
            self._bm25 = _Bm25([t.whole for t in self._collection.texts])
        return self._bm25.scores([q.text for q in queries])

    async def _dense(self, queries: Sequence[Query]) -> Any:
        if self._matrix is None:
            vectors = await self._embeddings.passages([t.whole for t in self._collection.texts])
            self._matrix = _matrix(vectors)
        asked = await self._embeddings.questions([q.text for q in queries])
        return _matrix(asked) @ self._matrix.T

    def _best(self, row: Any) -> dict[str, float]:
        best = np.argsort(-row, kind="stable")[:DEPTH]
        return {self._collection.texts[i].id: float(row[i]) for i in best if row[i] > 0}


class _Bm25:
    """Texts in bm25s. It and its stemmer are imported here: an installation may lack them."""

    def __init__(self, texts: list[str]) -> None:
        import bm25s
        import Stemmer

        self._tokenize = partial(
            bm25s.tokenize,
            stopwords=None,
            stemmer=Stemmer.Stemmer("english"),
            show_progress=False,
        )
        self._count = len(texts)
        self._index = bm25s.BM25()
        self._index.index(self._tokenize(texts), show_progress=False)

    def scores(self, queries: list[str]) -> Any:
        """A row for each question, a column for each text."""
        nothing = np.zeros(self._count, dtype="f4")
        tokens = self._tokenize(queries, return_ids=False)
        return np.stack([self._index.get_scores(t) if t else nothing for t in tokens])


def _combined(system: str, lexical: Any, dense: Any) -> Any:
    if system == "bm25":
        return lexical
    if system == "dense":
        return dense
    if system == "rrf":
        return _reciprocal(lexical) + _reciprocal(dense)
    highest = np.maximum(lexical.max(axis=1, keepdims=True), 1e-9)
    return 0.5 * _best_only(lexical) / highest + 0.5 * _best_only(dense)


def _best_only(scores: Any) -> Any:
    depth = min(DEPTH, scores.shape[1])
    least = -np.partition(-scores, depth - 1, axis=1)[:, depth - 1 : depth]
    return np.where(scores >= least, scores, 0.0)


def _reciprocal(scores: Any) -> Any:
    ranks = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1, kind="stable") + 1
    return 1.0 / (RRF_K + ranks)


def _matrix(vectors: Sequence[bytes]) -> Any:
    return np.stack([np.frombuffer(v, dtype="<f4") for v in vectors])
