"""When a sample is made anew. The engine here counts how often it is asked for passages."""

import asyncio

import numpy as np
import pytest

from kb.index.base import WORDS
from kb.index.sampled import SAMPLED, SampledPassage
from kb.index.sampling import Samples


class Engine:
    """Points with their languages, as an adapter has them."""

    def __init__(self, points: int) -> None:
        self.points = dict.fromkeys(range(points), "en")
        self.taken = 0

    async def count(self, generation):
        return len(self.points)

    async def languages(self, generation, ids):
        return {n: self.points[n] for n in ids if n in self.points}

    async def some(self, generation, limit):
        self.taken += 1
        chosen = list(self.points.items())[:limit]
        await asyncio.sleep(0)
        return [SampledPassage(n, lang, {"m": np.ones(2)}, {WORDS: [n]}) for n, lang in chosen]


async def test_a_sample_is_kept():
    engine, samples = Engine(50), Samples()
    first, second = await asyncio.gather(samples.of(engine, "g1"), samples.of(engine, "g1"))
    assert first is second is await samples.of(engine, "g1")
    assert engine.taken == 1


async def test_it_is_made_anew_when_more_than_a_tenth_was_written():
    engine, samples = Engine(2 * SAMPLED), Samples()
    before = await samples.of(engine, "g1")
    samples.written("g1", SAMPLED // 5)
    assert await samples.of(engine, "g1") is before
    samples.written("g1", 1)
    assert await samples.of(engine, "g1") is not before
    assert await samples.of(engine, "g2") is await samples.of(engine, "g2")


async def test_one_with_all_passages_is_made_anew_at_every_change():
    """So it is the one that a process takes which begins now."""
    engine, samples = Engine(SAMPLED - 1), Samples()
    await samples.of(engine, "g1")
    engine.points[SAMPLED] = "en"
    samples.written("g1", 1)
    after, fresh = await samples.of(engine, "g1"), await Samples().of(engine, "g1")
    assert after.passages == fresh.passages == SAMPLED
    assert after.frequencies[WORDS].terms.tolist() == fresh.frequencies[WORDS].terms.tolist()


async def test_it_is_made_anew_when_one_of_its_points_was_deleted():
    engine, samples = Engine(2 * SAMPLED), Samples()
    before = await samples.of(engine, "g1")
    async with samples.deleting("g1", [SAMPLED + 5]):
        pass
    assert await samples.of(engine, "g1") is before, "that one is not in it"
    async with samples.deleting("g1", [5]):
        del engine.points[5]
    after = await samples.of(engine, "g1")
    assert after.frequencies[WORDS].of([5]).tolist() == [0]


async def test_one_that_is_taken_while_points_are_deleted_does_not_have_them():
    """Whichever of the two began first."""
    for deleting_first in (True, False):
        engine, samples = Engine(50), Samples()

        async def delete(engine=engine, samples=samples):
            async with samples.deleting("g1", [7]):
                await asyncio.sleep(0)
                del engine.points[7]

        both = [delete(), samples.of(engine, "g1")]
        await asyncio.gather(*(both if deleting_first else reversed(both)))
        found = await samples.of(engine, "g1")
        assert found.frequencies[WORDS].of([7]).tolist() == [0]


async def test_what_fails_while_points_are_deleted_keeps_no_sample_of_them():
    engine, samples = Engine(50), Samples()
    before = await samples.of(engine, "g1")
    with pytest.raises(ValueError):
        async with samples.deleting("g1", [7]):
            raise ValueError
    assert await samples.of(engine, "g1") is not before


async def test_where_others_write_too_the_engine_is_asked_now_and_then():
    engine, samples = Engine(50), Samples(looks_after=0.0)
    before = await samples.of(engine, "g1")
    await asyncio.sleep(0.01)
    assert await samples.of(engine, "g1") is before
    for change in (
        lambda: engine.points.pop(9),
        lambda: engine.points.update({8: "de"}),
        lambda: engine.points.update(dict.fromkeys(range(100, 120), "en")),
    ):
        change()
        await asyncio.sleep(0.01)
        after = await samples.of(engine, "g1")
        assert after is not before
        before = after


async def test_a_generation_that_is_dropped_is_forgotten():
    engine, samples = Engine(50), Samples()
    one, two = await samples.of(engine, "g1"), await samples.of(engine, "g2")
    samples.forget_others("g2")
    assert await samples.of(engine, "g2") is two
    assert await samples.of(engine, "g1") is not one
    samples.forget("g2")
    assert await samples.of(engine, "g2") is not two
