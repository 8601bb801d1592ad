"""What comes, goes and changes while there are two indexes: both have it, or neither."""

import asyncio
import shutil

import msgspec
import pytest

from kb.catalog import documents, groups, outbox, sources
from kb.cli import working
from kb.cli.ingesting import run_of
from kb.cli.working import Working
from kb.errors import NotFoundError
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.upkeep.rebuilding import Rebuilder
from tests.parts.processes import HANGING, stop_engines
from tests.parts.swaps import TEXTS, generations_of, points, swap


async def test_the_kept_index_gets_what_is_new(house, names):
    await swap(house, names[1])
    house.write("tram.txt", "The tram to the depot leaves at eight.")
    house.write("pump.txt", "The pump in the yard is painted.")
    await house.ingest()
    assert set(await points(house, "g1")) >= set(await points(house, "g2"))
    await house.kb.publisher.sweep(grace_seconds=0)
    assert await points(house, "g1") == await points(house, "g2")
    await house.kb.swaps.rollback(house.owner)
    assert "tram.txt" in await house.paths("tram")
    assert not any((await house.kb.upkeep.check()).values())


async def test_a_worker_brings_what_is_new(house, names, monkeypatch):
    """Whatever else it does: as after a run that was killed before its end."""
    await swap(house, names[1])
    with monkeypatch.context() as killed:
        killed.setattr(house.kb.publisher.beside, "keep_current", nothing)
        house.write("tram.txt", "The tram to the depot leaves at eight.")
        await house.ingest()
    assert len(await points(house, "g1")) == len(TEXTS)
    monkeypatch.setattr(working, "CURRENT_SECONDS", 0.05)
    stop = asyncio.Event()
    work = asyncio.create_task(Working(house.kb, stop).until_stopped())
    async with asyncio.timeout(HANGING):
        while await points(house, "g1") != await points(house, "g2"):
            await asyncio.sleep(0.05)
    stop.set()
    await work


async def nothing() -> int:
    return 0


async def test_a_rollback_brings_what_nobody_has_brought(house, names, monkeypatch):
    """As where a run was killed before its end."""
    await swap(house, names[1])
    monkeypatch.setattr(house.kb.publisher.beside, "keep_current", nothing)
    house.write("tram.txt", "The tram to the depot leaves at eight.")
    await house.ingest()
    assert len(await points(house, "g1")) == len(TEXTS)
    await house.kb.swaps.rollback(house.owner)
    assert "tram.txt" in await house.paths("tram")
    assert not any((await house.kb.upkeep.check()).values())


async def test_what_is_erased_leaves_the_kept_index_too(house, names):
    await swap(house, names[1])
    await house.kb.documents.erase(house.owner, [house.ledger()["pump.txt"].id])
    assert len(await points(house, "g1")) == len(await points(house, "g2")) == len(TEXTS) - 1
    await house.kb.swaps.rollback(house.owner)
    assert "pump.txt" not in await house.paths("pump")
    assert not any((await house.kb.upkeep.check()).values())


async def test_readers_that_change_change_in_the_kept_index_too(house, names):
    """A new document's among them, which the kept index has not got yet."""
    await swap(house, names[1])
    house.write("tram.txt", "The tram to the depot leaves at eight.")
    with house.kb.catalog.writing() as c:
        groups.add(c, "board")
        source = sources.by_name(c, "files")
        sources.set_readers(c, source, access.readers(c, ["board"]))
        outbox.queue_rights(c, documents.ids_of_source(c, source.id))
    await house.kb.publisher.flush_rights()
    await house.ingest()
    with house.kb.catalog.reading() as c:
        board = groups.token_of(c, "board")
    for generation in ("g1", "g2"):
        found = await points(house, generation)
        assert {tuple(sorted(tokens)) for tokens in found.values()} == {(board, "owner")}
        assert len(found) == len(TEXTS) + 1


async def test_what_is_loaded_while_it_changes_is_looked_at_again(house, names, monkeypatch):
    """Rights change, and a document is erased, between the look at them and the writing."""
    await swap(house, names[1])
    house.write("tram.txt", "The tram to the depot leaves at eight.")
    house.write("dock.txt", "The dock is closed in winter.")
    kb, beside = house.kb, house.kb.publisher.beside
    other = KnowledgeBase(kb.settings)
    upsert, done = kb.index.upsert, []

    async def meanwhile(generation, found):
        if generation == "g1" and not done:
            done.append(True)
            await other.documents.erase(house.owner, [house.ledger()["dock.txt"].id])
            with other.catalog.writing() as c:
                groups.add(c, "board")
                source = sources.by_name(c, "files")
                sources.set_readers(c, source, access.readers(c, ["board"]))
                outbox.queue_rights(c, documents.ids_of_source(c, source.id))
            await other.publisher.flush_rights()
        await upsert(generation, found)

    monkeypatch.setattr(kb.index, "upsert", meanwhile)
    await house.ingest()
    await other.close()
    assert done
    assert await points(house, "g1") == await points(house, "g2")
    await beside.keep_current()


async def test_documents_that_come_while_it_is_built_are_in_both(house, names, monkeypatch):
    prepare = Rebuilder.prepare

    async def and_more(self):
        built = await prepare(self)
        house.write("tram.txt", "The tram to the depot leaves at eight.")
        await house.ingest()
        await house.kb.documents.erase(house.owner, [house.ledger()["pump.txt"].id])
        return built

    monkeypatch.setattr(Rebuilder, "prepare", and_more)
    await swap(house, names[1])
    assert await points(house, "g1") == await points(house, "g2")
    assert not any((await house.kb.upkeep.check()).values())
    assert "tram.txt" in await house.paths("tram")


async def test_it_is_kept_for_days_and_no_longer(settings, tmp_path, names, house):
    await swap(house, names[1])
    await house.kb.publisher.beside.tidy()
    assert generations_of(house.kb) == {1: "kept", 2: "live"}
    days = msgspec.structs.replace(house.kb.settings.models, keep_days=0.0)
    kb = KnowledgeBase(msgspec.structs.replace(house.kb.settings, models=days))
    await run_of(kb, kb.sources.named("files")).run()
    assert generations_of(kb) == {1: "gone", 2: "live"}
    assert not (kb.settings.data / "index" / "g1").exists()
    with pytest.raises(NotFoundError) as problem:
        await kb.swaps.rollback(house.owner)
    assert problem.value.code == "nothing_kept"
    await kb.close()


async def test_a_kept_index_that_is_damaged_is_given_up_and_holds_nobody_up(house, names):
    await swap(house, names[1])
    await house.kb.index.engine.leave()
    stop_engines(house.kb.settings.data)
    shutil.rmtree(house.kb.settings.data / "index" / "g1")
    await house.kb.documents.erase(house.owner, [house.ledger()["pump.txt"].id])
    assert generations_of(house.kb)[1] == "dropped"
    assert len(await points(house, "g2")) == len(TEXTS) - 1
