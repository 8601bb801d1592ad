"""A run that ends early, in whatever way, loses nothing and says so for every file."""

import asyncio
import contextlib
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update

from ingest.reading.reader import Unchanged, Work
from ingest.running import heartbeat
from ingest.running.pipeline import Pipeline
from kb.catalog import documents as documents_catalog
from kb.catalog import leases, runs, sweeping, versions
from kb.catalog.tables import chunks, documents
from kb.catalog.tables import leases as leases_table
from kb.catalog.tables import versions as versions_table
from kb.cli.ingesting import run_of
from kb.errors import EngineError, LeaseLost, RetryableError
from kb.surface import reasons
from kb.types.files import Stat
from kb.types.points import point_of
from tests.parts.processes import kb, run_kb, stop_engines, wait_for

pytestmark = pytest.mark.both_catalogs

ZEROS = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return packed.getvalue()


def texts(house, archives: int, members: int) -> set[str]:
    """Archives of texts, one with an archive in it; returns all paths the ledger should have."""
    paths = set()
    for n in range(archives):
        inside = {f"{m}.txt": f"Pump {n} of hall {m} is oiled.".encode() for m in range(members)}
        inside["inner.zip"] = zipped({"deep.txt": f"Deep well {n}.".encode()})
        (house.root / f"a{n}.zip").write_bytes(zipped(inside))
        paths |= {f"a{n}.zip", f"a{n}.zip › inner.zip › deep.txt"}
        paths |= {f"a{n}.zip › {name}" for name in inside}
    return paths


def states(house) -> dict[str, str]:
    return {path: row.state for path, row in house.ledger().items()}


def begun(environment, folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "kb", *arguments],
        env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.case("N01")
@pytest.mark.parametrize("step", ["members_recorded:1", "committed:1", "attempt_begun:3"])
async def test_members_outlive_a_kill(house, environment, tmp_path, step):
    """Killed around the publication of an archive, the next run has every member."""
    house.follow()
    await house.ingest()  # the engines are there
    paths = texts(house, 2, 3)
    run = run_kb(environment | {"KB_FAILPOINT": step}, tmp_path, "ingest")
    assert run.returncode == -signal.SIGKILL
    lost, left = (await house.kb.upkeep.check())["lost"], states(house)
    if left and step != "committed:1":  # a quick run commits all at once
        assert lost > 0
    await house.ingest()
    assert states(house) == dict.fromkeys(paths, "indexed")
    assert await house.kb.upkeep.check() == ZEROS
    assert (await house.ingest()).indexed == 0


@pytest.mark.slow
@pytest.mark.case("N01", "N25")
async def test_members_outlive_a_stop(house, environment, tmp_path):
    """After SIGTERM what waits has a reason, `check` counts it, the next run reads it."""
    house.follow()
    await house.ingest()
    paths = texts(house, 6, 8)
    run = begun(environment, tmp_path, "ingest")

    def some_wait() -> bool:
        found = house.ledger().values()
        members = [row.state for row in found if row.parent_id is not None]
        return "indexed" in {row.state for row in found} and "waiting" in members

    wait_for(some_wait)
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=300)
    assert run.returncode == 1
    waiting = [row for row in house.ledger().values() if row.state == "waiting"]
    assert waiting
    assert {row.code for row in waiting} == {documents_catalog.NOT_REACHED}
    assert all("next" in reasons.render(row.code, row.parameters) for row in waiting)
    assert (await house.kb.upkeep.check())["lost"] >= len(waiting)
    counts = await house.ingest()
    assert states(house) == dict.fromkeys(paths, "indexed")
    assert counts.indexed >= len(waiting)
    assert await house.kb.upkeep.check() == ZEROS


@pytest.mark.case("N01")
async def test_a_member_whose_bytes_are_gone_comes_out_of_its_container_again(house):
    """A member that waits, as an older release left it, is read with its container."""
    house.follow()
    paths = texts(house, 1, 2)
    await house.ingest()
    with house.kb.catalog.writing() as connection:
        connection.execute(
            update(documents)
            .where(documents.c.parent_id.is_not(None))
            .values(state="waiting", code=None, version=None, content_hash=None, settings=None)
        )
        inside = select(documents.c.id).where(documents.c.parent_id.is_not(None))
        versions.retire_documents(connection, list(connection.scalars(inside)))
    assert (await house.kb.upkeep.check())["lost"] == 4
    await house.ingest()
    assert states(house) == dict.fromkeys(paths, "indexed")
    assert await house.kb.upkeep.check() == ZEROS


@pytest.mark.case("N01")
async def test_a_touched_container_takes_up_what_waits_in_it(house):
    """The container proves unchanged, a member of it was left by an engine that did not answer."""
    house.follow()
    texts(house, 1, 2)
    await house.ingest()
    [row] = [r for p, r in house.ledger().items() if p.endswith("1.txt")]
    with house.kb.catalog.writing() as connection:
        connection.execute(
            update(documents)
            .where(documents.c.id == row.id)
            .values(pending=row.content_hash, settings=None)
        )
    os.utime(house.root / "a0.zip")
    assert (await house.ingest()).indexed == 1


@pytest.mark.case("N01")
def test_again_takes_every_state(command):
    """`--again` names every state that a file can have."""
    from kb.cli.ingesting import ingest
    from kb.types.parsed import State

    [again] = [p for p in ingest.params if p.name == "again"]
    assert set(again.type.choices) == {s.value for s in State}
    assert command("ingest", "--again", "waiting", code=1)["error"]["code"] == "no_sources"


def _peak_megabytes(environment, base, archives: int) -> float:
    """What the kernel saw a run over so many archives of 6 MB take at most."""
    files = base / f"of-{archives}"
    files.mkdir()
    for n in range(archives):
        (files / f"a{n:02}.zip").write_bytes(zipped({"noise.bin": os.urandom(6_000_000)}))
    mine = environment | {"KB_DATA_DIR": str(base / f"data-{archives}")}
    kb(mine, base, "source", "add", files.name, str(files))
    run = begun(mine, base, "ingest", files.name)
    peak = 0
    while run.poll() is None:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{run.pid}/status").read_text().splitlines()
            peak = max([peak, *(int(x.split()[1]) for x in lines if x.startswith("VmHWM"))])
        time.sleep(0.05)
    assert run.returncode == 0
    stop_engines(base / f"data-{archives}")
    return peak / 1024


@pytest.mark.slow
@pytest.mark.case("N01")
def test_bytes_of_members_wait_on_the_disk(environment, tmp_path):
    """Twelve archives more take no more memory (it was more than 6 MB for each of them)."""
    few, many = (_peak_megabytes(environment, tmp_path, n) for n in (8, 20))
    assert many - few < 30, (few, many)


@pytest.mark.case("N01")
async def test_members_come_before_other_files():
    """What came out of a container is prepared before the next container is opened."""
    prepared = []

    async def prepare(item):
        prepared.append(item.depth)
        return Unchanged(Stat(0, 0, 0))

    async with Pipeline(prepare, 1, 1.0) as pipeline:
        for depth in (0, 1, 0, 2, 1):
            pipeline.put(Work(1, "x", depth))
        async for _ in pipeline:
            pass
    assert prepared == [2, 1, 1, 0, 0]


async def given_up(house, run, *, taken_over: bool):
    """Another process finds the run silent for too long, gives up its attempts, and sweeps."""
    with house.kb.catalog.writing() as connection:
        connection.execute(update(leases_table).values(until=0.0))
        versions.abandon_dead_attempts(connection, leases.new_owner())
        if not taken_over:  # as before: its lease still stands in its name
            connection.execute(delete(leases_table))
            leases.take(connection, run.lease, run.owner)
            connection.execute(update(leases_table).values(fence=run._fence))
    await house.kb.publisher.sweep()


@pytest.mark.case("N03")
@pytest.mark.parametrize("taken_over", [True, False])
@pytest.mark.parametrize("before", ["upsert", "flush"])
async def test_a_version_given_up_is_not_published(house, monkeypatch, taken_over, before):
    """Neither by the lease that was taken away, nor by the attempt's own state."""
    house.follow()
    house.write("pump.txt", "Oil for the pump is in hall four.")
    run = run_of(house.kb, house.kb.sources.named("files"))
    engine_call = getattr(house.kb.index, before)

    async def call(*arguments):
        done = await engine_call(*arguments)
        monkeypatch.undo()
        await given_up(house, run, taken_over=taken_over)
        return done

    monkeypatch.setattr(house.kb.index, before, call)
    with pytest.raises(LeaseLost):
        await run.run()
    assert run.counts.indexed == 0
    assert await house.paths("oil for the pump") == []
    assert (await house.ingest()).indexed == 1
    assert await house.paths("oil for the pump") == ["pump.txt"]
    assert await house.kb.upkeep.check() == ZEROS


@pytest.mark.case("N03")
async def test_only_what_was_given_up_is_swept(house):
    """A sweeper with an old list takes nothing from a version that is current or being tried."""
    house.follow()
    house.write("pump.txt", "Oil for the pump is in hall four.")
    await house.ingest()
    with house.kb.catalog.writing() as connection:
        [number] = versions.in_index(connection)
        tried = versions.begin(connection, 1, "somebody", "0" * 64)
        sweeping.swept(connection, [number, tried])
        rows = connection.execute(select(versions_table.c.number, versions_table.c.state))
        assert dict(rows.tuples().all()) == {number: "current", tried: "attempt"}
        assert connection.scalar(select(func.count()).select_from(chunks)) == 1


@pytest.mark.case("N03")
async def test_a_dead_owner_whose_parent_does_not_ask_is_gone(house):
    """In a container without an init process the dead stay in the list of processes."""
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    try:
        wait_for(lambda: "(zombie)" in Path(f"/proc/{dead.pid}/status").read_text())
        boot, _, rest = leases.new_owner().split(":")
        with house.kb.catalog.writing() as connection:
            assert leases.take(connection, "x", f"{boot}:{dead.pid}:{rest}")
            assert not leases.is_held(connection, "x")
            assert leases.take(connection, "x", leases.new_owner())
    finally:
        dead.wait()


@pytest.mark.case("N03")
async def test_each_owner_has_a_higher_number(house):
    """Fencing numbers grow with each change of owner, also after a lease was given back."""
    first, second = leases.new_owner(), leases.new_owner()
    with house.kb.catalog.writing() as connection:
        one = leases.take(connection, "x", first)
        assert leases.take(connection, "x", first) == one > 0
        assert leases.take(connection, "x", second) == 0
        leases.release(connection, "x", first)
        two = leases.take(connection, "x", second)
        assert two > one
        with pytest.raises(LeaseLost):
            leases.hold_or_raise(connection, "x", second, one)


@pytest.mark.case("N03")
@pytest.mark.parametrize(
    ("error", "seconds"), [(LeaseLost("gone"), 5), (RetryableError("locked"), 5), (ValueError(), 5)]
)
async def test_a_heartbeat_that_fails_ends_the_work(monkeypatch, error, seconds):
    """At once where the lease is lost, before it can be lost where the catalog is away."""
    for name in ("EVERY_SECONDS", "AGAIN_SECONDS", "LATEST_SECONDS"):
        monkeypatch.setattr(heartbeat, name, 0.05)

    def beat():
        raise error

    with pytest.raises(type(error)):
        async with asyncio.timeout(300), heartbeat.Heartbeat(beat):
            await asyncio.sleep(300)


@pytest.mark.case("N03")
async def test_a_run_that_lost_its_lease_ends_within_a_beat(house, monkeypatch):
    """It does not wait for its next publication to learn so."""
    house.follow()
    house.write("pump.txt", "Oil for the pump is in hall four.")
    monkeypatch.setattr(heartbeat, "EVERY_SECONDS", 0.05)
    upsert = house.kb.index.upsert

    async def taken_away(*arguments):
        await upsert(*arguments)
        with house.kb.catalog.writing() as connection:
            connection.execute(delete(leases_table))
        await asyncio.Event().wait()  # for ever, but for the heartbeat

    monkeypatch.setattr(house.kb.index, "upsert", taken_away)
    async with asyncio.timeout(300):
        with pytest.raises(LeaseLost):
            await house.ingest()
    monkeypatch.undo()
    assert (await house.ingest()).indexed == 1
    assert await house.kb.upkeep.check() == ZEROS


@pytest.mark.case("N03")
def test_a_run_that_was_taken_over_tells_nothing_of_its_source(house):
    """The one that lost its lease ends last, with an error; the other one has read all."""
    house.follow()
    source = house.kb.sources.named("files")
    with house.kb.catalog.writing() as connection:
        lost, other = (runs.begin(connection, source) for _ in range(2))
        runs.finish(connection, source, other, {"seen": 4}, None)
        runs.finish(connection, source, lost, None, {"code": "lease_lost"})
    told = house.kb.sources.named("files")
    assert (told.counts, told.error) == ({"seen": 4}, None)


@pytest.mark.case("N03")
async def test_a_beat_that_fails_as_the_work_ends_is_told_as_what_it_is():
    """Nobody had stopped the run; and nothing that comes later is cut short."""
    with pytest.raises(LeaseLost):
        async with heartbeat.Heartbeat(lambda: None) as beating:
            beating._end(LeaseLost("another process is at it"))
    await asyncio.sleep(0)
    assert not asyncio.current_task().cancelling()


@pytest.mark.case("N03")
async def test_one_failed_beat_ends_nothing(monkeypatch):
    """A database that is away for a moment does not end a run."""
    monkeypatch.setattr(heartbeat, "EVERY_SECONDS", 0.02)
    monkeypatch.setattr(heartbeat, "AGAIN_SECONDS", 0.02)
    enough = asyncio.Event()
    loop = asyncio.get_running_loop()
    beats = []

    def beat():
        beats.append(1)
        if len(beats) == 2:
            raise RetryableError("locked")
        if len(beats) == 5:
            loop.call_soon_threadsafe(enough.set)

    async with asyncio.timeout(300), heartbeat.Heartbeat(beat):
        await enough.wait()
    assert len(beats) >= 5


@pytest.mark.case("N03")
async def test_check_compares_each_document_both_ways(house):
    """One document with too few passages and another with too many do not make up for it."""
    house.follow()
    for name in ("one", "two"):
        house.write(f"{name}.txt", f"The words of {name} are these.")
    await house.ingest()
    with house.kb.catalog.writing() as connection:
        one, two = sorted(versions.in_index(connection))
        row = connection.execute(select(chunks).where(chunks.c.version == two)).one()
        connection.execute(delete(chunks).where(chunks.c.version == one))
        extra = row._asdict() | {"point": point_of(two, 7), "ordinal": 7}
        connection.execute(insert(chunks).values(**extra))
    found = await house.kb.upkeep.check()
    assert found["lost"] >= 1
    assert found["duplicate"] >= 1


@pytest.mark.case("N03")
async def test_check_sees_a_current_version_of_no_document(house):
    """It is an orphan, and a repair withdraws it."""
    house.follow()
    house.write("one.txt", "The words of one are these.")
    await house.ingest()
    with house.kb.catalog.writing() as connection:
        number = versions.begin(connection, 77, "somebody", "0" * 64)
        connection.execute(
            update(versions_table)
            .where(versions_table.c.number == number)
            .values(state="current", born=1)
        )
    assert (await house.kb.upkeep.check())["orphan"] == 1
    assert await house.kb.upkeep.check(repair=True) == ZEROS


@pytest.mark.case("N03")
async def test_a_hollow_document_is_read_again(house):
    """What a version that was swept after its publication left is lost, and mended."""
    house.follow()
    house.write("one.txt", "The words of one are these.")
    await house.ingest()
    with house.kb.catalog.writing() as connection:
        connection.execute(delete(chunks))
        connection.execute(update(versions_table).values(state="swept", points=0))
    assert (await house.kb.upkeep.check())["lost"] == 1
    await house.kb.upkeep.check(repair=True)
    await house.ingest()
    assert await house.paths("words of one") == ["one.txt"]
    assert await house.kb.upkeep.check() == ZEROS


@pytest.mark.case("N07")
async def test_counted_is_what_was_published(house, monkeypatch):
    """A document removed while it was read is not counted as indexed."""
    house.follow()
    house.write("one.txt", "The words of one are these.")
    house.write("two.txt", "The words of two are these.")
    upsert = house.kb.index.upsert

    async def removing(*arguments):
        await upsert(*arguments)
        with house.kb.catalog.writing() as connection:
            [row] = connection.execute(select(documents.c.id).where(documents.c.path == "one.txt"))
            documents_catalog.remove(connection, [row.id])

    monkeypatch.setattr(house.kb.index, "upsert", removing)
    counts = await house.ingest()
    assert (counts.indexed, counts.chunks) == (1, 1)


@pytest.mark.case("N25")
async def test_what_was_not_reached_is_first_next_time(house, monkeypatch):
    """A run that fails says so for each file; the next begins with those, the oldest first."""
    house.follow()
    for n in range(5):
        house.write(f"{n}.txt", f"The words of file {n} are these.")
    await house.ingest()
    for n in (3, 4):
        house.write(f"{n}.txt", f"Other words of file {n} are these.")
    upsert = house.kb.index.upsert

    async def fails(*_):
        raise EngineError("The index did not answer.")

    monkeypatch.setattr(house.kb.index, "upsert", fails)
    with pytest.raises(EngineError):
        await house.ingest()
    rows = house.ledger()
    assert {rows[f"{n}.txt"].code for n in (3, 4)} == {documents_catalog.NOT_REACHED}
    assert {rows[f"{n}.txt"].code for n in (0, 1, 2)} == {None}
    house.write("0.txt", "Newer words of file 0 are these.")
    house.write("a-new.txt", "New words are these.")
    order = []

    async def watched(*arguments):
        await upsert(*arguments)

    monkeypatch.setattr(house.kb.index, "upsert", watched)
    run = run_of(house.kb, house.kb.sources.named("files"))
    work_of = run._work
    monkeypatch.setattr(run, "_work", lambda changes: order.extend(work_of(changes)) or order)
    await run.run()
    assert [item.path for item in order] == ["3.txt", "4.txt", "0.txt", "a-new.txt"]
    assert {row.code for row in house.ledger().values()} == {None}
