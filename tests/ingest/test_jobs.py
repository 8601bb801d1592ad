"""Jobs: the promises of both queues, an SQLite catalog's and PostgreSQL's."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from ingest.following import due as following
from ingest.following.jobs import EndedJob
from kb.catalog import sources, tables
from kb.errors import RetryableError, UsageError
from kb.types.library import SCHEDULED, UPLOADED, WATCHED, Following
from tests.parts.jobs import until


async def test_the_most_urgent_goes_first_and_nothing_is_read_twice(shop):
    for name, priority in (("night", SCHEDULED), ("watched", WATCHED), ("night", SCHEDULED)):
        shop.ask(name, priority)
    jobs = shop.worker()
    async with shop.working(jobs):
        await until(lambda: len(shop.reads) == 2)
        await asyncio.sleep(2.5)  # each has looked again
    assert shop.reads == ["watched", "night"]


async def test_what_somebody_waits_for_does_not_wait_for_a_long_run(shop):
    ended = asyncio.Event()

    async def read(name: str) -> None:
        shop.begin(name)
        if name in {"night", "archive"}:
            await ended.wait()

    shop.ask("night", SCHEDULED)
    async with shop.working(shop.worker(read)):
        await until(lambda: shop.reads == ["night"])
        shop.ask("archive", WATCHED)
        shop.ask("upload", UPLOADED)
        await until(lambda: "upload" in shop.reads)
        assert shop.reads == ["night", "upload"]  # the usual place is taken
        ended.set()
        await until(lambda: "archive" in shop.reads)


async def test_only_what_may_work_later_is_tried_again(shop, monkeypatch):
    monkeypatch.setattr(following, "FIRST_WAIT", 0.1)

    async def read(name: str) -> None:
        shop.begin(name)
        if name == "wrong":
            raise UsageError("There is no such source.")
        if shop.reads.count(name) < 3:
            raise RetryableError("The share is away.") if name == "share" else ValueError("odd")

    for name in ("share", "odd", "wrong"):
        shop.ask(name, SCHEDULED)
    async with shop.working(shop.worker(read)):
        await until(lambda: shop.reads.count("share") == shop.reads.count("odd") == 3)
        await until(lambda: not shop.source("share").failures and not shop.source("odd").failures)
    assert shop.reads.count("wrong") == 1
    assert not shop.wanted.now()


async def test_a_run_that_fails_again_and_again_is_given_up(shop, monkeypatch, caplog):
    """Also one that fails before it has begun, so that the request still stands."""
    monkeypatch.setattr(following, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(following, "LONGEST_WAIT", 0.02)
    tries = []

    async def read(name: str) -> None:
        tries.append(name)
        raise RetryableError("The share is away.")

    shop.ask("share")
    async with shop.working(shop.worker(read)):
        await until(lambda: len(tries) == following.TRIES)
        await asyncio.sleep(2.5)
    assert len(tries) == following.TRIES
    assert "given up" in caplog.text
    assert not shop.source("share").is_requested


@pytest.mark.case("N02")
async def test_what_is_asked_for_waits_for_no_earlier_failure(shop, monkeypatch):
    """A run was killed and is to be tried again in a day; then somebody asks for one."""
    monkeypatch.setattr(following, "FIRST_WAIT", 86_400.0)
    monkeypatch.setattr(following, "LONGEST_WAIT", 86_400.0)
    times = []

    async def read(name: str) -> None:
        shop.begin(name)
        times.append(time.time())
        if len(times) == 1:
            raise RetryableError("The run was killed.")

    shop.ask("files")
    async with shop.working(shop.worker(read)):
        await until(lambda: shop.source("files").failures == 1)
        await asyncio.sleep(1.5)
        assert len(times) == 1  # it waits for its next try
        shop.ask("files")
        await until(lambda: len(times) == 2)


async def test_what_is_asked_for_while_it_is_read_is_read_once_more(shop):
    asked_again = asyncio.Event()

    async def read(name: str) -> None:
        shop.begin(name)
        if len(shop.reads) == 1:
            shop.ask(name)
            asked_again.set()
            await asyncio.sleep(1.5)
            assert len(shop.reads) == 1

    shop.ask("files")
    async with shop.working(shop.worker(read)):
        await until(lambda: len(shop.reads) == 2)
        await asyncio.sleep(1.5)
    assert shop.reads == ["files", "files"]


@pytest.mark.case("R24")
async def test_several_workers_share_what_there_is(shop):
    """Each source is read once."""

    async def read(name: str) -> None:
        shop.begin(name)
        await asyncio.sleep(0.05)

    names = [f"source {n}" for n in range(20)]
    for name in names:
        shop.ask(name)
    async with shop.working(*(shop.worker(read) for _ in range(3))):
        await until(lambda: len(shop.reads) >= len(names))
        await asyncio.sleep(1.5)
    assert sorted(shop.reads) == sorted(names)


async def test_one_that_cannot_even_begin_waits_for_its_next_time(shop):
    """It is due by a schedule, and fails before its run is noted: it is not begun at once again."""
    with shop.catalog.writing() as connection:
        sources.add(connection, "files", "/nowhere", ("everyone",), Following(schedule="* * * * *"))
        connection.execute(update(tables.sources).values(created_at=time.time() - 3600))
    [job] = shop.wanted.now()
    with shop.catalog.writing() as connection:
        EndedJob(job, time.time(), UsageError("Its folder is forbidden.")).note(connection)
    with shop.catalog.reading() as connection:
        known = sources.all_of(connection)
        # A date has microseconds, a time stamp has more: rounded down it would be before the failure.
        failed = datetime.fromtimestamp(known[0].failed_at, UTC) + timedelta(microseconds=1)
        assert not shop.wanted.among(connection, known, failed)
        assert shop.wanted.among(connection, known, failed + timedelta(seconds=61))


async def test_a_paused_source_is_read_by_nobody(shop):
    shop.ask("files")
    with shop.catalog.writing() as connection:
        sources.pause(connection, sources.by_name(connection, "files"), paused=True)
    async with shop.working():
        await asyncio.sleep(2)
        assert shop.reads == []
        with shop.catalog.writing() as connection:
            sources.pause(connection, sources.by_name(connection, "files"), paused=False)
        await until(lambda: shop.reads == ["files"])
