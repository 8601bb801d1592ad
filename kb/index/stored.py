"""What stands in a point beside its vectors, and what is read of it: the same in both engines."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kb.errors import UsageError
from kb.index.base import GRAMS, WORDS, IndexPoint
from kb.index.sampled import SampledPassage

LANGUAGE = ["language"]
"""What is read of a payload while searching."""


def payload(point: IndexPoint) -> dict[str, Any]:
    """What stands in a point: its readers and its language (ISO 639-1; empty: unknown)."""
    return {"readers": tokens(point.readers), "language": point.language or ""}


def tokens(readers: Sequence[str]) -> list[str]:
    """Reader tokens of a point or a question.

    Raises:
        UsageError: there are none: a filter without any would match everything.
    """
    if not readers:
        raise UsageError("A point or a question without reader tokens.", code="no_rights")
    return list(readers)


def language(stored: Mapping[str, Any] | None) -> str:
    """The language that a payload names; empty: none, as earlier releases wrote it."""
    return str((stored or {}).get("language") or "")


def sampled(number: int, stored: Mapping[str, Any] | None, vectors: Any) -> SampledPassage:
    """A point as a sample takes it; ``vectors`` are all that it has, by name."""
    sparse, every = {WORDS, GRAMS}, vectors or {}
    return SampledPassage(
        number,
        language(stored),
        {n: np.array(v, "<f4") for n, v in every.items() if n not in sparse},
        {n: np.array(v.indices, "<u4") for n, v in every.items() if n in sparse},
    )
