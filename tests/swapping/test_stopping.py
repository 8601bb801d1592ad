"""What stops a swap, or forbids one: the live index stays, and the next goes on."""

import asyncio
import shutil
from pathlib import Path

import pytest

from kb.catalog import leases
from kb.embedding import models
from kb.embedding.client import Embeddings
from kb.errors import ConfigurationError, ConflictError, EngineError, UsageError
from kb.index.edge import EdgeIndex
from kb.knowledge_base import KnowledgeBase
from kb.swapping import swapping
from kb.upkeep.swaps import LEASE
from tests.parts.swaps import (
    LOST,
    TEXTS,
    WEIGHTS,
    generations_of,
    left_open,
    models_in,
    points,
    swap,
)
from tests.parts.slowly import slow


async def test_paused_it_stops_and_goes_on_where_it_was(house, names, monkeypatch):
    """Held at its second text until it is paused."""
    monkeypatch.setattr("kb.upkeep.loading.BATCH", 1)
    monkeypatch.setattr(swapping, "TELL_SECONDS", 0.01)
    embedded: list[str] = []
    passages, goes_on = Embeddings.passages, asyncio.Event()

    async def held(self, texts, *others):
        if embedded:
            await goes_on.wait()
        embedded.extend(texts)
        return await passages(self, texts, *others)

    def step(one) -> None:
        if one.state == "embedding" and embedded and not paused:
            paused.append(True)

    paused: list[bool] = []
    monkeypatch.setattr(Embeddings, "passages", held)
    work = asyncio.create_task(swap(house, names[1], on_step=step))
    while not paused:
        await asyncio.sleep(0.01)
    [one] = await house.kb.read(house.kb.swaps.newest, house.owner)
    await house.kb.write(house.kb.swaps.pause, house.owner, one.id)
    stopped = await work
    assert stopped.state == "paused" and len(embedded) < len(TEXTS)
    assert generations_of(house.kb) == {1: "live", 2: "building"}
    goes_on.set()
    assert (await swap(house, names[1])).state == "switched"
    assert len(set(embedded)) == len(TEXTS)
    assert len(embedded) <= len(TEXTS) + 1, "what was being embedded, a text here, is begun again"
    assert generations_of(house.kb) == {1: "kept", 2: "live"}


async def test_erased_while_it_is_paused_it_is_not_in_the_new_index(house, names, monkeypatch):
    """Half-built, with the text in it: what is erased leaves it at once."""
    monkeypatch.setattr(EdgeIndex, "optimize", stop)
    with pytest.raises(EngineError):
        await swap(house, names[1])
    assert len(await points(house, "g2")) == len(TEXTS)
    await house.kb.documents.erase(house.owner, [house.ledger()["pump.txt"].id])
    assert len(await points(house, "g2")) == len(TEXTS) - 1
    monkeypatch.undo()
    await house.kb.index.keep_open("g1")


async def stop(*_):
    raise EngineError("The index found no room: disk, memory or open files.")


@pytest.mark.parametrize("step", ["upsert", *slow("flush", "optimize")])
async def test_a_full_disk_stops_it_and_the_live_index_stays(house, names, monkeypatch, step):
    with monkeypatch.context() as full:
        full.setattr(EdgeIndex, step, stop)
        with pytest.raises(EngineError, match="no room"):
            await swap(house, names[1])
    [one] = await house.kb.read(house.kb.swaps.newest, house.owner)
    assert (one.state, one.error["code"]) == ("failed", "engine_unavailable")
    assert generations_of(house.kb)[1] == "live"
    assert (await house.paths("ferry"))[0] == "ferry.txt"
    assert (await swap(house, names[1])).state == "switched"


async def test_a_model_that_is_not_here_or_damaged_is_an_error_before_anything(
    house, names, tmp_path
):
    with pytest.raises(ConfigurationError) as missing:
        await swap(house, "nowhere")
    assert missing.value.code == "model_not_found"
    weights = Path(names[1]) / WEIGHTS
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigurationError):
        await swap(house, names[1])
    assert generations_of(house.kb)[1] == "live"
    assert (await house.paths("ferry"))[0] == "ferry.txt"
    [one, *_] = await house.kb.read(house.kb.swaps.newest, house.owner)
    assert one.state == "failed"


async def test_a_model_that_is_another_by_now_is_not_rolled_back_to(house, names):
    """Other weights under the same name: the vectors of the kept index are not its."""
    await swap(house, names[1])
    models_in(Path(names[0]).parent)
    shutil.copy(Path(names[1]) / WEIGHTS, Path(names[0]) / WEIGHTS)
    later = KnowledgeBase(house.kb.settings)
    models.find.cache_clear()
    with pytest.raises(ConfigurationError) as problem:
        await later.swaps.rollback(house.owner)
    assert problem.value.code == "model_changed"
    assert generations_of(later) == {1: "kept", 2: "live"}
    await later.close()
    models.find.cache_clear()


async def test_settings_that_name_models_are_an_error_that_says_what_to_do(
    house, settings, tmp_path, names
):
    named = KnowledgeBase(left_open(settings, tmp_path, names[0]))
    with pytest.raises(ConflictError, match=r"embedding\.models") as problem:
        await named.write(named.swaps.ask, house.owner, (names[1],), force=False)
    assert problem.value.code == "models_named"
    with pytest.raises(ConflictError):
        await named.swaps.rollback(house.owner)
    await named.close()
    with pytest.raises(UsageError) as same:
        await swap(house, names[0])
    assert same.value.code == "models_in_use"


async def test_two_at_once_are_refused_and_one_is_given_up(house, names, compared):
    compared[0] = LOST
    await swap(house, names[1], force=False)
    with house.kb.catalog.writing() as c:
        assert leases.take(c, LEASE, leases.new_owner())
    with pytest.raises(ConflictError):
        await swap(house, names[1])
    with house.kb.catalog.writing() as c:
        c.exec_driver_sql("DELETE FROM leases")
    [one] = await house.kb.read(house.kb.swaps.newest, house.owner)
    await house.kb.write(house.kb.swaps.give_up, house.owner, one.id)
    await house.kb.publisher.beside.tidy()
    assert generations_of(house.kb) == {1: "live", 2: "gone"}


async def test_whoever_asks_for_other_models_gives_the_open_swap_up(house, names, compared):
    """With what was built for it."""
    compared[0] = LOST
    first = await swap(house, names[1], force=False)
    asked = await house.kb.write(house.kb.swaps.ask, house.owner, ("english",), force=False)
    assert (asked.wanted, asked.state) == (("english",), "asked")
    assert (await house.kb.read(house.kb.swaps.one, house.owner, first.id)).state == "given_up"
    assert (await house.kb.read(house.kb.swaps.open_one)).id == asked.id
    assert generations_of(house.kb) == {1: "live", 2: "dropped"}
