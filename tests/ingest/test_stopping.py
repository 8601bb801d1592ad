"""A run is stopped by somebody; files that are gone are confirmed, and no others with them."""

import asyncio

import pytest

from kb.catalog import documents, leases, runs, sources
from kb.errors import ConflictError, PermanentError


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


async def test_what_was_shown_is_removed_and_nothing_else(house):
    house.follow()
    for n in range(30):
        house.write(f"{n}.txt", f"Matter number {n} is settled.")
    await house.ingest()
    for n in range(25):
        (house.root / f"{n}.txt").unlink()
    await house.ingest()
    held = house.kb.held.back(house.owner)["files"]
    assert (held.count, len(held.paths)) == (25, 20)
    (house.root / "29.txt").unlink()  # of this nobody was told yet
    with house.kb.catalog.writing() as connection:
        source = sources.by_name(connection, "files")
        assert set(documents.held_in(connection, source.id))
    assert await house.kb.held.confirm(house.owner, "files") == 25
    assert set(house.ledger()) == {f"{n}.txt" for n in range(25, 30)}
    assert "3.txt" not in await house.paths("Matter number 3")
    assert house.kb.held.back(house.owner) == {}


async def test_it_is_not_confirmed_while_the_source_is_read(house):
    house.follow()
    with house.kb.catalog.writing() as connection:
        source = sources.by_name(connection, "files")
        leases.take(connection, f"source:{source.id}", leases.new_owner())
    with pytest.raises(ConflictError):
        await house.kb.held.confirm(house.owner, "files")
