"""From one embedding model to another beside the live index, and back."""

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from kb.catalog import audit, documents, generations, groups, outbox, sources
from kb.cli.ingesting import run_of
from kb.errors import ConfigurationError, ConflictError, EngineError, NotFoundError, UsageError
from kb.index.edge import EdgeIndex
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.surface.status import status
from kb.swapping import swapping
from kb.swapping.windows import too_long
from kb.upkeep.rebuilding import Rebuilder
from tests.parts.processes import stop_engines
from tests.parts.swaps import (
    TEXTS,
    WEIGHTS,
    built_with,
    generations_of,
    left_open,
    models_in,
    swap,
)

NOTHING_LOST = {"sets": [], "lost": []}
LOST = {"sets": [], "lost": ["own: document_hit@1"]}


@pytest.fixture
def compared(monkeypatch):
    """What the comparison says; it is not made."""
    said = [NOTHING_LOST]

    async def compare(*_):
        return said[0]

    monkeypatch.setattr(swapping, "compare", compare)
    return said


@pytest.fixture
def names(tmp_path):
    return models_in(tmp_path)


@pytest.fixture
async def house(settings, tmp_path, names, compared):
    """Built with the first model; the settings leave open which."""
    made = await built_with(settings, tmp_path, names[0])
    yield made
    await made.kb.close()
    stop_engines(tmp_path)


def actions(kb) -> list[tuple[str, dict]]:
    with kb.catalog.reading() as connection:
        rows = audit.page(connection, limit=50)
    return [(r.action, r.detail) for r in reversed(rows) if r.action.startswith("model.")]


async def points(house, generation: str) -> dict[int, list[str]]:
    return await house.kb.index.readers(generation, None, 1000)


# --- there and back


async def test_an_index_goes_over_to_another_model_and_back(house, names):
    """Nothing is read: the next run says unchanged; hits, receipts and the log name the models."""
    assert "ferry.txt" in await house.paths("ferry")
    done = await swap(house, names[1], force=False)
    assert (done.state, done.generation) == ("switched", 2)
    assert (done.done, done.total, done.too_long) == (3, 3, 0)
    assert generations_of(house.kb) == {1: "kept", 2: "live"}
    assert "ferry.txt" in await house.paths("ferry")
    assert house.kb.embeddings.names == (names[1],)
    counts = await house.ingest()
    assert (counts.unchanged, counts.indexed) == (len(TEXTS), 0)
    answer = await house.kb.answers.answer("When does the ferry leave?", house.owner)
    assert Path(names[1]).name in answer.settings["embedding"]
    back = await house.kb.swaps.rollback(house.owner)
    assert (back.generation, back.models) == ("g1", (names[0],))
    assert generations_of(house.kb) == {1: "live", 2: "kept"}
    assert "ferry.txt" in await house.paths("ferry")
    assert house.kb.embeddings.names == (names[0],)
    counts = await house.ingest()
    assert (counts.unchanged, counts.indexed) == (len(TEXTS), 0)
    assert not any((await house.kb.upkeep.check()).values())
    assert [action for action, _ in actions(house.kb)] == [
        "model.use", "model.use.switch", "model.rollback",
    ]  # fmt: skip


async def test_searches_go_on_all_the_while(house, names):
    """Asked without a pause from beginning to end: none fails, none misses a document."""
    asked, ended = 0, False
    other = KnowledgeBase(house.kb.settings)

    async def ask() -> None:
        nonlocal asked
        while not ended:
            found = await other.search.passages("ferry", house.owner, 10)
            assert found.passages[0].chunk.path == "ferry.txt"
            asked += 1

    asking = asyncio.create_task(ask())
    await swap(house, names[1])
    await house.kb.swaps.rollback(house.owner)
    ended = True
    await asking
    await other.close()
    assert asked > 3


async def test_what_an_earlier_release_cut_stays_too(house, names):
    """It kept the tokenizer with the cut."""
    from ingest.reading.needs import earlier_cutting, keep_cuts
    from kb.embedding.models import counter_of

    kb = house.kb
    await kb.publisher.generation()
    counter = counter_of(kb.embeddings.first.files)
    chunking = kb.settings.chunking
    earlier = earlier_cutting(chunking, counter, counter.limit)
    with kb.catalog.writing() as connection:
        reading = documents.of_source(connection, 1).popitem()[1].settings.partition(".")[0]
        connection.exec_driver_sql(f"UPDATE documents SET settings = '{reading}.{earlier}'")
    assert (await house.ingest()).unchanged == len(TEXTS)
    await kb.write(keep_cuts, kb.catalog, kb.embeddings, chunking)
    await swap(house, names[1])
    assert (await house.ingest()).unchanged == len(TEXTS)


async def test_passages_are_cut_anew_where_their_length_is_changed(house, names):
    await swap(house, names[1])
    settings = msgspec.structs.replace(
        house.kb.settings, chunking=msgspec.structs.replace(house.kb.settings.chunking, tokens=33)
    )
    kb = KnowledgeBase(settings)
    assert (await run_of(kb, kb.sources.named("files")).run()).indexed == len(TEXTS)
    await kb.close()


# --- what comes and goes meanwhile


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


async def test_a_rollback_brings_what_nobody_has_brought(house, names, monkeypatch):
    """As where a run was killed before its end."""
    await swap(house, names[1])

    async def nothing() -> int:
        return 0

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


# --- the gate


async def test_what_is_lost_is_refused_and_the_live_index_stays(house, names, compared):
    compared[0] = LOST
    refused = await swap(house, names[1], force=False)
    assert (refused.state, refused.gate) == ("refused", LOST)
    assert generations_of(house.kb) == {1: "live", 2: "ready"}
    assert house.kb.embeddings.names == (names[0],)
    assert (await status(house.kb))["models_swap"]["state"] == "refused"
    forced = await swap(house, names[1], force=True)
    assert (await status(house.kb))["models_swap"] is None
    assert forced.state == "switched"
    assert ("model.use.force", forced_detail(names)) in actions(house.kb)
    with house.kb.catalog.reading() as connection:
        assert len(generations.beside(connection, "kept")) == 1


def forced_detail(names) -> dict:
    return {
        "swap": 1, "used": [names[0]], "generation": "g2", "lost": ["own: document_hit@1"],
    }  # fmt: skip


async def test_a_refused_one_is_compared_again(house, names, compared):
    compared[0] = LOST
    await swap(house, names[1], force=False)
    compared[0] = NOTHING_LOST
    assert (await swap(house, names[1], force=False)).state == "switched"


# --- what stops it


async def test_paused_it_stops_and_goes_on_where_it_was(house, names, monkeypatch):
    from kb.embedding.client import Embeddings

    monkeypatch.setattr("kb.upkeep.loading.BATCH", 1)
    monkeypatch.setattr(swapping, "TELL_SECONDS", 0.01)
    embedded: list[str] = []
    passages = Embeddings.passages

    async def slowly(self, texts, *others):
        await asyncio.sleep(0.3)
        embedded.extend(texts)
        return await passages(self, texts, *others)

    def step(one) -> None:
        if one.state == "embedding" and embedded and not paused:
            paused.append(True)

    paused: list[bool] = []
    monkeypatch.setattr(Embeddings, "passages", slowly)
    work = asyncio.create_task(swap(house, names[1], on_step=step))
    while not paused:
        await asyncio.sleep(0.01)
    [one] = await house.kb.read(house.kb.swaps.newest)
    await house.kb.write(house.kb.swaps.pause, house.owner, one.id)
    stopped = await work
    assert stopped.state == "paused" and len(embedded) < len(TEXTS)
    assert generations_of(house.kb) == {1: "live", 2: "building"}
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


@pytest.mark.parametrize("step", ["upsert", "flush", "optimize"])
async def test_a_full_disk_stops_it_and_the_live_index_stays(house, names, monkeypatch, step):
    with monkeypatch.context() as full:
        full.setattr(EdgeIndex, step, stop)
        with pytest.raises(EngineError, match="no room"):
            await swap(house, names[1])
    [one] = await house.kb.read(house.kb.swaps.newest)
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
    [one, *_] = await house.kb.read(house.kb.swaps.newest)
    assert one.state == "failed"


async def test_a_model_that_is_another_by_now_is_not_rolled_back_to(house, names):
    """Other weights under the same name: the vectors of the kept index are not its."""
    await swap(house, names[1])
    models_in(Path(names[0]).parent)
    shutil.copy(Path(names[1]) / WEIGHTS, Path(names[0]) / WEIGHTS)
    later = KnowledgeBase(house.kb.settings)
    from kb.embedding import models

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


async def test_two_at_once_are_refused_and_another_gives_the_first_up(house, names, compared):
    compared[0] = LOST
    await swap(house, names[1], force=False)
    with house.kb.catalog.writing() as c:
        from kb.catalog import leases
        from kb.upkeep.swaps import LEASE

        assert leases.take(c, LEASE, leases.new_owner())
    with pytest.raises(ConflictError):
        await swap(house, names[1])
    with house.kb.catalog.writing() as c:
        c.exec_driver_sql("DELETE FROM leases")
    [one] = await house.kb.read(house.kb.swaps.newest)
    await house.kb.write(house.kb.swaps.give_up, house.owner, one.id)
    await house.kb.publisher.beside.tidy()
    assert generations_of(house.kb) == {1: "live", 2: "gone"}


async def test_a_model_of_a_kept_index_is_not_removed(house, names):
    await swap(house, names[1])
    assert house.kb.publisher.was_built_with(names[0])
    assert house.kb.publisher.was_built_with(names[1])


async def test_passages_that_no_model_reads_to_their_end_are_counted(house, names, tmp_path):
    """Two models of which one reads all are enough."""
    short = tmp_path / "short"
    shutil.copytree(names[1], short)
    (short / "sentence_bert_config.json").write_text('{"max_seq_length": 16}')
    kb = house.kb
    for models, count in (((str(short),), 3), ((str(short), "english"), 0), ((names[1],), 0)):
        embeddings = kb.embeddings.using(models)
        assert await asyncio.to_thread(too_long, kb.catalog, embeddings) == count, models
    done = await swap(house, str(short))
    assert done.too_long == 3
