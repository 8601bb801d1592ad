"""What goes on in the background goes on whatever fails, and says that it is failing."""

import asyncio
import errno
import os
import subprocess
import sys
import time

import pytest
from sqlalchemy import select

from ingest.following.local_jobs import LocalJobs
from ingest.following.scheduler import LEASE
from kb import duties
from kb.catalog.database import now
from kb.catalog.tables import leases as leases_table
from kb.cli import working as working_module
from kb.cli.web_process import _working, check_scratch
from kb.cli.working import Working
from kb.duties import WORKER, Duties
from kb.errors import ConfigurationError, RetryableError
from kb.files.scratch import Scratch
from kb.surface import status
from tests.parts.portal import Portal


class Server:
    """A web server that has started."""

    started = True


async def until(condition, seconds: float = 300.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(duties, "FIRST_SECONDS", 0.05)
    monkeypatch.setattr("kb.cli.web_process.HEAD_START_SECONDS", 0.01)


@pytest.mark.case("N18")
@pytest.mark.parametrize("error", [RuntimeError("odd"), OSError(errno.EIO, "broken"), KeyError(1)])
async def test_an_error_nobody_expected_does_not_end_all_reading(
    house, quick, monkeypatch, caplog, error
):
    """The worker beside the server begins again, the log has the traceback."""
    tries, waits, passed = [], [], duties.passed

    async def noted(stop, seconds: float) -> None:
        waits.append(seconds)
        await passed(stop, seconds)

    async def failing(self) -> None:
        tries.append(1)
        if len(tries) < 4:
            raise error
        await self._stop.wait()

    monkeypatch.setattr(duties, "passed", noted)
    monkeypatch.setattr(Working, "until_stopped", failing)
    async with _working(house.kb, Server()):
        await until(lambda: house.kb.duties.health(WORKER).state == "failing")
        assert not house.kb.duties.health(WORKER).is_up
        await until(lambda: len(tries) == 4)
        assert house.kb.duties.health(WORKER).failures == 3
        monkeypatch.setattr(duties, "SETTLED_SECONDS", 0.0)
        assert house.kb.duties.health(WORKER).state == "ok"
    assert waits == [0.05, 0.1, 0.2]
    assert any(r.exc_info and r.exc_info[1] is error for r in caplog.records)


@pytest.mark.case("N18")
async def test_the_wait_between_tries_is_bounded():
    """It grows, and ends growing."""
    duty = duties._Duty(time.monotonic())
    waits = [duty.failed() for _ in range(2000)]
    assert waits[:3] == [2.0, 4.0, 8.0]
    assert max(waits) == waits[-1] == duties.LONGEST_SECONDS


@pytest.mark.case("N18")
async def test_a_duty_that_has_ended_is_told():
    """One that is cancelled, or whose interpreter ends, is not shown as working."""
    kept = Duties()
    assert kept.health("one").state == "idle"
    task = asyncio.create_task(kept.keep("one", asyncio.Event().wait))
    await until(lambda: kept.health("one").state == "ok")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert kept.health("one").state == "stopped"


@pytest.mark.case("N18")
async def test_a_queue_that_fails_between_two_looks_is_looked_at_again(house, quick, monkeypatch):
    """Whatever the look fails of, the worker ends no more."""
    looks, beginning = [], LocalJobs._begin_what_is_wanted

    async def failing(self) -> None:
        looks.append(1)
        if len(looks) == 1:
            raise OSError(errno.EIO, "broken")
        await beginning(self)

    monkeypatch.setattr(LocalJobs, "_begin_what_is_wanted", failing)
    async with _working(house.kb, Server()):
        await until(lambda: len(looks) > 1)
        assert house.kb.duties.health(WORKER).failures == 1


@pytest.mark.case("N18")
async def test_what_cannot_be_put_right_does_not_stop_reading(house, monkeypatch, caplog):
    """Neither an unusable scratch nor an index that cannot be compared."""
    healed = []

    def failing(*_) -> None:
        raise OSError(errno.ELOOP, "a loop")

    async def heal() -> bool:
        healed.append(1)
        raise ValueError("odd")

    monkeypatch.setattr(working_module, "heal", failing)
    monkeypatch.setattr(house.kb.upkeep, "heal", heal)
    await Working(house.kb, asyncio.Event())._heal()
    assert healed
    assert len([r for r in caplog.records if r.exc_info]) == 2


@pytest.mark.case("N18")
@pytest.mark.parametrize("number", [errno.ELOOP, errno.EACCES, errno.EIO, errno.ESTALE])
def test_whatever_the_system_says_of_the_scratch_is_an_error_of_ours(tmp_path, monkeypatch, number):
    """Of every kind, in every verb; only what may pass is to be tried again."""

    def failing(*_, **__):
        raise OSError(number, os.strerror(number))

    scratch = Scratch(tmp_path / "scratch")
    scratch.check()
    monkeypatch.setattr(type(tmp_path), "lstat", failing)
    kind = RetryableError if number in {errno.EIO, errno.ESTALE} else ConfigurationError
    for verb in (scratch.check, scratch.clear, scratch.stale, scratch.folder("x-").__enter__):
        with pytest.raises(kind):
            verb()


@pytest.mark.case("N18")
def test_a_scratch_that_cannot_be_used_is_said_at_the_start(environment, tmp_path):
    """In a sentence, by the server and by the worker, before they begin."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    environment = environment | {"KB_SCRATCH_DIR": str(tmp_path / "loop" / "s")}
    for arguments in (["serve", "--port", "0"], ["worker"]):
        done = subprocess.run(
            [sys.executable, "-m", "kb", *arguments],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        assert "KB_SCRATCH_DIR" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.case("N18")
async def test_a_broken_disk_does_not_keep_the_portal_from_starting(house, monkeypatch, caplog):
    """Searching goes on without a scratch."""

    def failing() -> None:
        raise RetryableError("The disk does not take more.")

    monkeypatch.setattr(Scratch, "check", lambda _: failing())
    check_scratch(house.kb)
    assert "does not take more" in caplog.text


@pytest.mark.case("N18")
async def test_a_failing_worker_is_told_to_monitoring(house, monkeypatch):
    """At /ready, which stays 200 since searching goes on, and at /metrics; one that ended: 503."""

    async def failing() -> None:
        raise RuntimeError("odd")

    client = Portal(house).client()
    fine = await client.get("/ready")
    assert (fine.status_code, fine.json()["worker"]["state"]) == (200, "idle")
    assert b"commonplace_worker_up 1.0" in status.metrics_text(house.kb)
    keeping = asyncio.create_task(house.kb.duties.keep(WORKER, failing, asyncio.Event()))
    await until(lambda: house.kb.duties.health(WORKER).failures)
    told = await client.get("/ready")
    assert (told.status_code, told.json()["worker"]["state"]) == (200, "failing")
    assert told.json()["worker"]["failures"] == 1
    assert b"commonplace_worker_up 0.0" in status.metrics_text(house.kb)
    assert b"commonplace_worker_failures 1.0" in status.metrics_text(house.kb)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    ended = await client.get("/ready")
    assert (ended.status_code, ended.json()["worker"]["state"]) == (503, "stopped")
    await client.aclose()


@pytest.mark.case("N03")
async def test_a_worker_that_stops_hands_its_schedule_over_at_once(house):
    """Another one need not wait until the lease runs out."""
    stop = asyncio.Event()
    working = asyncio.create_task(Working(house.kb, stop).until_stopped())

    def free() -> bool:
        with house.kb.catalog.writing() as connection:
            held = connection.scalar(select(leases_table.c.until).where(named))
            return held is None or held < now()

    named = leases_table.c.name == LEASE
    await until(lambda: not free())
    stop.set()
    await working
    assert free()
