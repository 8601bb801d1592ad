"""A run is stopped by somebody; files that are gone are confirmed, and no others with them."""

import asyncio

import pytest

from kb.catalog import leases, runs, sources
from kb.errors import ConflictError, PermanentError
from kb.rights import access
from kb.types.people import Principal


async def test_a_run_stops_on_request_and_what_is_ready_stays(house):
    house.follow()
    for n in range(40):
        house.write(f"{n}.txt", f"Matter number {n} is settled in room {n * 7}.")
    running = asyncio.create_task(house.ingest())
    while not (house.kb.sources.standing("files").running or running.done()):
        await asyncio.sleep(0.02)
    house.kb.sources.stop(house.owner, "files")
    with pytest.raises(PermanentError) as stopped:
        await running
    assert stopped.value.code == "stopped"
    source = house.kb.sources.named("files")
    assert source.error["code"] == "stopped"
    assert not source.is_requested
    with house.kb.catalog.reading() as connection:
        assert runs.to_stop(connection) == set()
        assert runs.running(connection) == {}
    assert (await house.ingest()).seen == 40, "it can be read again, to its end"


async def test_what_waits_for_a_worker_is_withdrawn(house):
    house.follow()
    house.kb.sources.ask_for_run(house.owner, "files")
    house.kb.sources.stop(house.owner, "files")
    assert not house.kb.sources.named("files").is_requested


async def test_what_was_shown_is_removed_and_nothing_else(thinned):
    await thinned.ingest()
    kb, owner = thinned.kb, thinned.owner
    held = kb.held.back(owner)["files"]
    assert (held.count, len(held.paths)) == (25, 20)
    (thinned.root / "29.txt").unlink()  # of this nobody was told yet
    assert await kb.held.confirm(owner, "files", held.count) == 25
    assert set(thinned.ledger()) == {f"{n}.txt" for n in range(25, 30)}
    assert "3.txt" not in await thinned.paths("Matter number 3")
    assert kb.held.back(owner) == {}


async def test_nothing_is_removed_where_more_is_held_than_was_told(thinned):
    await thinned.ingest()
    kb, owner = thinned.kb, thinned.owner
    told = kb.held.back(owner)["files"].count
    (thinned.root / "29.txt").unlink()
    await thinned.ingest()  # it is held too, after the page was read
    with pytest.raises(ConflictError) as refused:
        await kb.held.confirm(owner, "files", told)
    assert refused.value.code == "more_gone"
    assert kb.held.back(owner)["files"].count == told + 1


async def test_paths_are_named_to_who_may_read_the_documents(thinned):
    await thinned.ingest()
    [number] = {row.source_id for row in thinned.ledger().values()}
    curates = {"curates": frozenset({number})}
    reader = Principal("rita", frozenset({access.EVERYONE}), **curates)
    other = Principal("otto", frozenset({"person:otto"}), **curates)
    assert len(thinned.kb.held.back(reader)["files"].paths) == 20
    held = thinned.kb.held.back(other)["files"]
    assert (held.count, held.paths) == (25, []), "how many wait for them, and no name"


async def test_it_is_not_confirmed_while_the_source_is_read(house):
    house.follow()
    with house.kb.catalog.writing() as connection:
        source = sources.by_name(connection, "files")
        leases.take(connection, f"source:{source.id}", leases.new_owner())
    with pytest.raises(ConflictError):
        await house.kb.held.confirm(house.owner, "files", 0)
