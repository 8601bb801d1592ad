"""An index that is rebuilt while the world goes on."""

import asyncio
import threading

import pytest

from kb.catalog import groups, leases, sources
from kb.catalog.outbox import queue_rights
from kb.cli.ingesting import run_of
from kb.errors import ConflictError
from kb.knowledge_base import KnowledgeBase
from kb.upkeep.rebuilding import Rebuilder

pytestmark = pytest.mark.both_catalogs


def meanwhile(house, work) -> threading.Thread:
    """Another process' work, here a thread with a knowledge base of its own."""

    def run() -> None:
        async def do() -> None:
            kb = KnowledgeBase(house.kb.settings)
            try:
                await work(kb)
            finally:
                await kb.close()

        asyncio.run(do())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@pytest.fixture
async def filled(house):
    house.follow()
    for n in range(3):
        house.write(f"{n}.txt", f"Matter number {n} is settled.")
    await house.ingest()
    return house


def rebuilder(house, step) -> Rebuilder:
    return Rebuilder(house.kb.settings, house.kb.catalog, house.kb.embeddings, step)


@pytest.mark.case("N07")
async def test_rights_that_change_meanwhile_are_kept(filled):
    """Readers are taken away, and brought to the live index, while the next one is built."""
    changed = []

    async def close_it(kb) -> None:
        from kb.catalog import documents
        from kb.rights import access

        with kb.catalog.writing() as c:
            groups.add(c, "board")
            source = sources.by_name(c, "files")
            sources.set_readers(c, source, access.readers(c, ["board"]))
            queue_rights(c, documents.ids_of_source(c, source.id))
        await kb.publisher.flush_rights()

    def step(_done: int, _total: int) -> None:
        if not changed:
            changed.append(True)
            meanwhile(filled, close_it).join()

    rebuilt = await rebuilder(filled, step).rebuild()
    assert changed
    found = await filled.kb.index.readers(rebuilt.generation, None, 100)
    with filled.kb.catalog.reading() as c:
        board = groups.token_of(c, "board")
    assert {tuple(sorted(tokens)) for tokens in found.values()} == {(board, "owner")}
    assert not any((await filled.kb.upkeep.check()).values())


@pytest.mark.case("N07")
async def test_a_rebuild_ends_under_steady_ingestion(filled):
    """Whenever it has caught up, something more is published."""
    threads: list[threading.Thread] = []
    written: list[str] = []

    async def publish(kb) -> None:
        written.append(f"more{len(written)}.txt")
        filled.write(written[-1], f"One more matter, number {len(written)}.")
        await run_of(kb, kb.sources.named("files")).run()

    def step(_done: int, _total: int) -> None:
        if len(threads) < 25 and not any(t.is_alive() for t in threads):
            threads.append(meanwhile(filled, publish))
            threads[-1].join(4)

    rebuilt = await rebuilder(filled, step).rebuild()
    published_meanwhile = len(threads)
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert 0 < published_meanwhile < 25
    assert rebuilt.generation == "g2"
    await filled.kb.publisher.sweep(grace_seconds=0)
    assert not any((await filled.kb.upkeep.check()).values())
    assert len(written) == published_meanwhile
    assert set(written) <= set(filled.ledger())


@pytest.mark.case("N07")
async def test_the_lease_is_held_while_the_graph_is_built(filled, monkeypatch):
    """Two minutes into building the graph, without a heartbeat, a second rebuild is refused."""
    refused = []
    moment = leases.now

    def step(_done: int, _total: int) -> None:
        if refused:
            return

        async def second(kb) -> None:
            with pytest.raises(ConflictError):
                await Rebuilder(kb.settings, kb.catalog, kb.embeddings).rebuild()
            refused.append(True)

        with monkeypatch.context() as later, filled.kb.catalog.reading() as c:
            from sqlalchemy import text

            until = c.scalar(text("SELECT until FROM leases WHERE name = 'reindex'"))
            if until - moment() < 600:
                return  # not at the graph yet
            later.setattr(leases, "now", lambda: moment() + 120)
            meanwhile(filled, second).join()

    await rebuilder(filled, step).rebuild()
    assert refused
