"""From one embedding model to another beside the live index, and back."""

import asyncio
import shutil
from pathlib import Path

import msgspec

from kb.catalog import audit, documents, generations
from kb.cli.ingesting import run_of
from kb.knowledge_base import KnowledgeBase
from kb.surface.status import status
from kb.swapping.windows import too_long
from tests.parts.swaps import LOST, NOTHING_LOST, TEXTS, generations_of, swap


def actions(kb) -> list[tuple[str, dict]]:
    with kb.catalog.reading() as connection:
        rows = audit.page(connection, limit=50)
    return [(r.action, r.detail) for r in reversed(rows) if r.action.startswith("model.")]


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


async def test_a_model_of_a_kept_index_is_not_removed(house, names):
    await swap(house, names[1])
    assert house.kb.publisher.was_built_with(names[0])
    assert house.kb.publisher.was_built_with(names[1])


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
