"""Jobs that were not ended: a worker stopped or was killed, the catalog was away."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from ingest.following import due as following
from ingest.following import jobs as jobs_module
from ingest.following import local_jobs, queued_jobs
from ingest.following.jobs import EndedJob
from ingest.following.wanted import JOB, RUN, WantedRuns
from kb.catalog import leases, runs, sources
from kb.errors import RetryableError
from tests.parts.jobs import until

HANGS = """
import asyncio, sys
from pathlib import Path
from kb import settings
from kb.catalog.database import open_catalog
from tests.parts.jobs import Shop
from ingest.following import queued_jobs

queued_jobs.HEARTBEAT_SECONDS = 0.5
made = settings.load({}, {"KB_DATA_DIR": sys.argv[1]} | ({"KB_CATALOG__URL": sys.argv[2]} if sys.argv[2] else {}))
shop = Shop(open_catalog(made), Path(sys.argv[1]))

async def read(name):
    shop.begin(name)
    print("begun", flush=True)
    await asyncio.sleep(600)

async def main():
    async with shop.working(shop.worker(read)):
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.case("R24")
async def test_what_a_killed_worker_left_is_taken_up(shop, monkeypatch, tmp_path):
    """The run had begun, so nothing else says that it is due; at once on one machine."""
    monkeypatch.setattr(queued_jobs, "HEARTBEAT_SECONDS", 0.5)
    monkeypatch.setattr(queued_jobs, "STALE_SECONDS", 10.0)
    shop.ask("files")
    hanging = subprocess.Popen(
        [sys.executable, "-c", HANGS, str(tmp_path / "data"), shop.url], stdout=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            assert await asyncio.to_thread(hanging.stdout.readline) == b"begun\n"
        async with shop.working():
            await asyncio.sleep(5)
            assert shop.reads == []  # it is alive
            hanging.send_signal(signal.SIGKILL)
            hanging.wait()
            await until(lambda: shop.reads == ["files"])
            await asyncio.sleep(1.5)
    finally:
        hanging.kill()
        hanging.stdout.close()
    assert shop.reads == ["files"]
    assert not shop.wanted.now()


async def test_what_is_at_hand_when_a_worker_stops_is_read_later(shop, monkeypatch):
    """It is ended after a while, noted, and given back."""
    for module in (jobs_module, local_jobs, queued_jobs):
        monkeypatch.setattr(module, "DRAIN_SECONDS", 0.2)

    async def read(name: str) -> None:
        shop.begin(name)
        await asyncio.sleep(600)

    shop.ask("files")
    async with shop.working(shop.worker(read)) as stop:
        await until(lambda: shop.reads == ["files"])
        stop.set()
    assert shop.source("files").failures == 1
    with shop.catalog.reading() as connection:
        assert f"{JOB}{shop.source('files').id}" not in leases.standing(connection)
    monkeypatch.setattr(following, "FIRST_WAIT", 0.0)
    assert [job.name for job in shop.wanted.now()] == ["files"]


async def test_being_stopped_is_no_failure(shop):
    """However often a worker is stopped while it reads a source, the source is read again."""
    shop.ask("files")
    [job] = shop.wanted.now()
    stopped = RetryableError("The run was stopped.", code="interrupted")
    for _ in range(following.TRIES + 1):
        with shop.catalog.writing() as connection:
            runs.begin(connection, sources.by_name(connection, "files"))
            EndedJob(job, time.time(), stopped).note(connection)
    assert shop.source("files").failures == 1


async def test_what_a_killed_run_left_is_wanted(shop):
    """Whoever began it, and whatever became of a queue: its lease says that it was not ended."""
    shop.ask("files")
    shop.begin("files")
    assert not shop.wanted.now()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    owner = leases.new_owner().replace(f":{os.getpid()}:", f":{dead.pid}:")
    with shop.catalog.writing() as connection:
        leases.take(connection, f"{RUN}{shop.source('files').id}", owner)
    assert [job.name for job in shop.wanted.now()] == ["files"]
    with shop.catalog.writing() as connection:  # as whoever began it does where it can
        sources.tried_again(connection, shop.source("files").id, 1)
    assert not shop.wanted.now()


async def test_runs_at_hand_outlive_a_catalog_that_is_away_for_a_moment(shop, monkeypatch):
    ended = asyncio.Event()

    async def read(name: str) -> None:
        shop.begin(name)
        await ended.wait()

    shop.ask("files")
    jobs = shop.worker(read)
    async with shop.working(jobs):
        await until(lambda: shop.reads == ["files"])
        if shop.url:
            with psycopg.connect(shop.url.replace("+psycopg", ""), autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        else:
            gone = RetryableError("The catalog cannot be used right now.")
            with monkeypatch.context() as away:
                away.setattr(WantedRuns, "now", lambda _: (_ for _ in ()).throw(gone))
                await asyncio.sleep(2.5)
        await asyncio.sleep(2.5)
        ended.set()
        await until(lambda: not shop.source("files").is_requested)
    assert shop.reads == ["files"]
    assert not shop.source("files").failures
