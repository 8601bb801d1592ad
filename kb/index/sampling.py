"""The sample of each generation that is searched in this process, kept while it holds.

A sample is what fusion knows of a generation as a whole (:mod:`kb.index.sampled`). Points that are
written or deleted here are counted; where other processes write too, the engine is asked now and
then. A generation that is small enough is in its sample whole, and such a sample holds until the
next change: what is found does not depend on when a process first looked.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from kb.index import sampled
from kb.index.sampled import SAMPLED, Sample, SampledPassage

CHANGED_SHARE = 0.1
"""A sample that has not all passages is made anew once so many points, as a share of all, have been
written or deleted."""


class SampledIndex(Protocol):
    """What sampling needs of an adapter."""

    async def count(self, generation: str) -> int:
        """How many points there are."""
        ...

    async def languages(self, generation: str, ids: Sequence[int]) -> dict[int, str]:
        """The language of each of these points that is there; empty: it is not known."""
        ...

    async def some(self, generation: str, limit: int) -> list[SampledPassage]:
        """So many passages by chance; all, where there are no more."""
        ...


@dataclass(slots=True)
class _KeptSample:
    """A sample, and which points are in it, with their languages.

    ``changes`` had been counted of its generation before it was taken; ``looked`` is when it was
    last held beside the engine.
    """

    sample: Sample
    languages: Mapping[int, str]
    changes: int
    looked: float

    @property
    def most(self) -> float:
        """How many points may change before it does not hold any more."""
        whole = self.sample.seen == self.sample.passages
        return 0.0 if whole else CHANGED_SHARE * self.sample.passages


class Samples:
    """Samples by generation. ``looks_after`` is after how many seconds the engine is asked."""

    def __init__(self, looks_after: float = math.inf) -> None:
        self._kept: dict[str, _KeptSample] = {}
        self._changes: Counter[str] = Counter()
        self._looks_after = looks_after
        self._lock = asyncio.Lock()

    async def of(self, engine: SampledIndex, generation: str) -> Sample:
        """The sample of a generation, made anew where it does not hold any more."""
        async with self._lock:
            kept = self._kept.get(generation)
            if kept is None or not await self._holds(engine, generation, kept):
                changes = self._changes[generation]
                kept = self._kept[generation] = await _taken(engine, generation, changes)
            return kept.sample

    def written(self, generation: str, points: int) -> None:
        """So many points of a generation were written."""
        self._changes[generation] += points

    @asynccontextmanager
    async def deleting(self, generation: str, ids: Sequence[int]) -> AsyncIterator[None]:
        """While points are deleted no sample is taken. One that has any of them is forgotten."""
        async with self._lock:
            try:
                yield
            finally:
                self._changes[generation] += len(ids)
                kept = self._kept.get(generation)
                if kept is not None and not kept.languages.keys().isdisjoint(ids):
                    del self._kept[generation]

    def forget(self, generation: str) -> None:
        """A generation is gone, or its points have other languages."""
        self._kept.pop(generation, None)

    def forget_others(self, generation: str) -> None:
        """Only this generation is searched from now on."""
        self._kept = {name: one for name, one in self._kept.items() if name == generation}

    async def _holds(self, engine: SampledIndex, generation: str, kept: _KeptSample) -> bool:
        if self._changes[generation] - kept.changes > kept.most:
            return False
        if time.monotonic() - kept.looked <= self._looks_after:
            return True
        kept.looked = time.monotonic()
        passages = await engine.count(generation)
        there = await engine.languages(generation, list(kept.languages))
        return abs(passages - kept.sample.passages) <= kept.most and there == kept.languages


async def _taken(engine: SampledIndex, generation: str, changes: int) -> _KeptSample:
    looked = time.monotonic()
    passages = await engine.count(generation)
    # In order, so that the same passages have the same means to the last digit.
    some = sorted(await engine.some(generation, SAMPLED), key=lambda passage: passage.point)
    languages = {passage.point: passage.language for passage in some}
    # A generation that grows may have more passages than when they were counted.
    sample = sampled.sample(some, max(passages, len(some)))
    return _KeptSample(sample, languages, changes, looked)
