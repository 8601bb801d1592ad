"""Whether a number format ranks as float32 does, on texts that come with the package.

They are passages of invented office documents in five languages, each with a question as people
ask it (``texts.json``). Compared are the rankings by vectors alone, and those fused with words.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.embedding.models import ModelFiles
from kb.embedding.record import Agreement
from kb.embedding.runtimes import Runtime
from kb.embedding.scale import above

TEXTS = Path(__file__).parent / "texts.json"
AT_ONCE = 8
"""Texts that are embedded in one batch."""
FIRST = 10
"""Of each ranking so many places are compared."""
RRF = 60
"""The constant of reciprocal rank fusion (Cormack and others, 2009)."""


@cache
def built_in() -> tuple[tuple[str, str], ...]:
    """The built-in passages, each with its question."""
    texts = json.loads(TEXTS.read_text(encoding="utf-8"))
    return tuple((one["passage"], one["question"]) for one in texts)


def vectors_of(runtime: Runtime, files: ModelFiles, threads: int) -> dict[str, NDArray[np.float32]]:
    """The vectors of the built-in ``passages`` and ``questions``, with the prompts of the model."""
    passages = [files.passage_prompt + passage for passage, _ in built_in()]
    questions = [files.query_prompt + question for _, question in built_in()]
    with ThreadPoolExecutor(threads) as pool:

        def embedded(texts: Sequence[str]) -> NDArray[np.float32]:
            parts = [texts[i : i + AT_ONCE] for i in range(0, len(texts), AT_ONCE)]
            return np.concatenate(list(pool.map(partial(runtime.vectors, bulk=True), parts)))

        return {"passages": embedded(passages), "questions": embedded(questions)}


def between(reference: Mapping[str, Any], other: Mapping[str, Any]) -> Agreement:
    """How vectors (as :func:`vectors_of` gives them) agree with the reference's."""
    cosines = [(reference[part] * other[part]).sum(axis=1).min() for part in reference]
    floor = float(_scores(reference)[~np.eye(len(built_in()), dtype=bool)].mean())
    dense = [_ranked(_scores(one)) for one in (reference, other)]
    words = _places(_ranked(_word_scores()))
    fused = [_ranked(1 / (RRF + _places(one)) + 1 / (RRF + words)) for one in dense]
    return Agreement(
        cosine=round(above(float(min(cosines)), floor), 4),
        dense_shared=round(_shared(*dense), 4),
        fused_shared=round(_shared(*fused), 4),
        dense_lost=round(_found(dense[0]) - _found(dense[1]), 4),
        fused_lost=round(_found(fused[0]) - _found(fused[1]), 4),
    )


def _scores(vectors: Mapping[str, Any]) -> NDArray[Any]:
    scores: NDArray[Any] = vectors["questions"] @ vectors["passages"].T
    return scores


def _ranked(scores: NDArray[Any]) -> NDArray[Any]:
    """Of each question (row) the passages, best first."""
    return np.argsort(-scores, axis=1, kind="stable")


def _places(ranked: NDArray[Any]) -> NDArray[Any]:
    """Of each question the place of each passage, from 1."""
    return np.argsort(ranked, axis=1) + 1


def _shared(one: NDArray[Any], other: NDArray[Any]) -> float:
    both = [len(set(a[:FIRST]) & set(b[:FIRST])) for a, b in zip(one, other, strict=True)]
    return float(np.mean(both)) / FIRST


def _found(ranked: NDArray[Any]) -> float:
    """The mean reciprocal place of the right passage."""
    return float(np.mean(1 / np.diag(_places(ranked))))


@cache
def _word_scores() -> NDArray[Any]:
    """Questions × passages: shared words, rare ones more."""
    passages = [set(_words(passage)) for passage, _ in built_in()]
    standing = Counter(word for words in passages for word in words)
    rare = {word: math.log(len(passages) / count) for word, count in standing.items()}
    rows = [
        [sum(rare[word] for word in set(_words(question)) & words) for words in passages]
        for _, question in built_in()
    ]
    return np.array(rows)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
