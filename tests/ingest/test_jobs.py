"""Jobs: the promises of both queues, an SQLite catalog's and PostgreSQL's."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from sqlalchemy import update

from ingest.following import due as following
from ingest.following import jobs as jobs_module
from ingest.following import local_jobs, queued_jobs
from ingest.following.jobs import Ended
from ingest.following.local_jobs import LocalJobs
from ingest.following.queued_jobs import SCHEMA, SCHEMAS, QueuedJobs
from ingest.following.wanted import JOB, RUN, Wanted
from kb import settings as settings_module
from kb.catalog import leases, migrations, runs, sources, tables
from kb.catalog.database import open_catalog
from kb.errors import RetryableError, UsageError
from kb.types.library import ASKED, SCHEDULED, UPLOADED, WATCHED, Following, Source
from tests.parts.processes import HANGING

DEAD = "postgresql+psycopg://kb@127.0.0.1:1/kb"


class Shop:
    """A catalog with sources, and workers on it; ``read`` is what their runs do."""

    def __init__(self, catalog, url: str, data):
        self.catalog, self.url, self.data = catalog, url, data
        self.wanted = Wanted(catalog, 0.0)
        self.reads: list[str] = []

    def ask(self, name: str, priority: int = ASKED) -> None:
        with self.catalog.writing() as connection:
            known = {s.name: s for s in sources.all_of(connection)}
            source = known.get(name) or sources.add(connection, name, "/nowhere", ("everyone",))
            sources.request_run(connection, source.id, priority)

    def source(self, name: str):
        with self.catalog.reading() as connection:
            return sources.by_name(connection, name)

    def begin(self, name: str) -> None:
        """What a run does first: what was asked for until now is answered."""
        self.reads.append(name)
        with self.catalog.writing() as connection:
            runs.begin(connection, sources.by_name(connection, name))

    async def read(self, name: str) -> None:
        self.begin(name)

    def worker(self, read=None, side_by_side: int = 1):
        read = read or self.read
        if self.url:
            return QueuedJobs(
                self.catalog, self.wanted, read, url=self.url, side_by_side=side_by_side
            )
        return LocalJobs(self.catalog, self.wanted, read, data=self.data, side_by_side=side_by_side)

    @asynccontextmanager
    async def working(self, *workers):
        """They work, and one looks for what is wanted, until the block ends."""
        stop, workers = asyncio.Event(), workers or (self.worker(),)
        for jobs in workers:
            await jobs.open()
        await workers[0].put(self.wanted.now())
        looking = asyncio.create_task(self._look(workers[0]))
        working = [asyncio.create_task(jobs.work(stop)) for jobs in workers]
        try:
            yield stop
        finally:
            stop.set()
            await asyncio.gather(*working)
            looking.cancel()
            for jobs in workers:
                await jobs.close()

    async def _look(self, jobs) -> None:
        while True:
            await jobs.put(self.wanted.now())
            await asyncio.sleep(0.1)


@pytest.fixture
def shop(catalog, request, tmp_path):
    is_postgresql = catalog._engine.dialect.name == "postgresql"
    return Shop(catalog, request.getfixturevalue("postgres") if is_postgresql else "", tmp_path)


async def until(condition, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


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


HANGS = """
import asyncio, sys
from pathlib import Path
from kb import settings
from kb.catalog.database import open_catalog
from tests.ingest import test_jobs
from ingest.following import queued_jobs

queued_jobs.HEARTBEAT_SECONDS = 0.5
made = settings.load({}, {"KB_DATA_DIR": sys.argv[1]} | ({"KB_CATALOG__URL": sys.argv[2]} if sys.argv[2] else {}))
shop = test_jobs.Shop(open_catalog(made), sys.argv[2], Path(sys.argv[1]))

async def read(name):
    shop.begin(name)
    print("begun", flush=True)
    await asyncio.sleep(600)

async def main():
    async with shop.working(shop.worker(read)):
        await asyncio.sleep(600)

asyncio.run(main())
"""


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
            Ended(job, time.time(), stopped).note(connection)
    assert shop.source("files").failures == 1


async def test_one_that_cannot_even_begin_waits_for_its_next_time(shop):
    """It is due by a schedule, and fails before its run is noted: it is not begun at once again."""
    with shop.catalog.writing() as connection:
        sources.add(connection, "files", "/nowhere", ("everyone",), Following(schedule="* * * * *"))
        connection.execute(update(tables.sources).values(created_at=time.time() - 3600))
    [job] = shop.wanted.now()
    with shop.catalog.writing() as connection:
        Ended(job, time.time(), UsageError("Its folder is forbidden.")).note(connection)
    with shop.catalog.reading() as connection:
        known = sources.all_of(connection)
        # A date has microseconds, a time stamp has more: rounded down it would be before the failure.
        failed = datetime.fromtimestamp(known[0].failed_at, UTC) + timedelta(microseconds=1)
        assert not shop.wanted.among(connection, known, failed)
        assert shop.wanted.among(connection, known, failed + timedelta(seconds=61))


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
                away.setattr(Wanted, "now", lambda _: (_ for _ in ()).throw(gone))
                await asyncio.sleep(2.5)
        await asyncio.sleep(2.5)
        ended.set()
        await until(lambda: not shop.source("files").is_requested)
    assert shop.reads == ["files"]
    assert not shop.source("files").failures


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


async def test_a_queue_that_cannot_be_used_is_an_error_that_may_pass(catalog):
    async def read(_: str) -> None: ...

    jobs = QueuedJobs(catalog, Wanted(catalog, 0.0), read, url=DEAD)
    with pytest.raises(RetryableError) as problem:
        await jobs.open()
    assert problem.value.code == "queue_unavailable"


async def test_a_queue_that_fails_at_work_is_an_error_that_may_pass(shop, postgresql, monkeypatch):
    if shop.url:
        broken = shop.worker()
        await broken.open()
        with psycopg.connect(shop.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    else:
        broken = shop.worker()
        gone = RetryableError("The catalog cannot be used right now.")
        monkeypatch.setattr(Wanted, "now", lambda _: (_ for _ in ()).throw(gone))
    async with asyncio.timeout(HANGING):
        with pytest.raises(RetryableError):
            await broken.work(asyncio.Event())
    await broken.close()


async def test_a_query_that_fails_while_it_is_cancelled_holds_nobody_up(
    postgres, tmp_path, monkeypatch
):
    """Its own error comes instead of what says that it was cancelled."""
    made = settings_module.load({}, {"KB_DATA_DIR": str(tmp_path), "KB_CATALOG__URL": postgres})
    catalog = open_catalog(made)
    jobs = Shop(catalog, postgres, tmp_path).worker()
    stop, asked = asyncio.Event(), asyncio.Event()

    async def fails_when_cancelled():
        asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as cancelled:
            raise ConnectorException("no such table") from cancelled

    monkeypatch.setattr(jobs, "_take_up", fails_when_cancelled)
    await jobs.open()
    async with asyncio.timeout(HANGING):
        working = asyncio.create_task(jobs.work(stop))
        await asked.wait()
        stop.set()
        await working
    assert working.exception() is None
    await jobs.close()
    catalog.close()


@pytest.mark.case("N20")
async def test_several_workers_make_one_queue(postgres, tmp_path):
    """They begin in the same moment, on a database that has no queue yet."""
    made = settings_module.load({}, {"KB_DATA_DIR": str(tmp_path), "KB_CATALOG__URL": postgres})
    catalog = open_catalog(made)
    shop = Shop(catalog, postgres, tmp_path)
    shop.ask("files", SCHEDULED)
    several = [shop.worker() for _ in range(8)]
    await asyncio.gather(*(jobs.open() for jobs in several))
    await asyncio.gather(*(jobs.put(shop.wanted.now()) for jobs in several))
    with psycopg.connect(postgres.replace("+psycopg", "")) as connection:
        found = connection.execute(f"SELECT count(*) FROM {SCHEMA}.procrastinate_jobs").fetchall()
    assert found == [(1,)]
    for jobs in several:
        await jobs.close()
    catalog.close()


async def test_the_queue_of_another_release_goes(postgres, tmp_path):
    """What waits stands in the catalog: the queue is made anew."""
    made = settings_module.load({}, {"KB_DATA_DIR": str(tmp_path), "KB_CATALOG__URL": postgres})
    catalog = open_catalog(made)
    with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMAS}3_9")
        shop = Shop(catalog, postgres, tmp_path)
        jobs = shop.worker()
        await jobs.open()
        await jobs.close()
        query = "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)"
        assert connection.execute(query, [SCHEMAS]).fetchall() == [(SCHEMA,)]
    catalog.close()


async def test_the_queue_file_of_an_earlier_release_goes(tmp_path):
    for name in ("jobs.sqlite3", "jobs.sqlite3-wal", "jobs.sqlite3.damaged"):
        (tmp_path / name).write_bytes(b"old")
    (tmp_path / "kept").write_bytes(b"")
    await LocalJobs(None, None, None, data=tmp_path).open()
    assert [f.name for f in tmp_path.iterdir()] == ["kept"]


@pytest.mark.case("R26")
async def test_what_the_queue_of_an_earlier_release_knew_is_read_after_the_upgrade(tmp_path):
    """What failed last, or never ended, was to be tried again by that queue alone."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])))
    engine = create_engine(f"sqlite:///{tmp_path}/catalog.sqlite3")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0014")
        for number, (name, finished, error) in enumerate(
            (("well", 2.0, "'null'"), ("failed", 2.0, "'{}'"), ("killed", "NULL", "NULL")), 1
        ):
            connection.exec_driver_sql(
                "INSERT INTO sources (id, name, root, created_at, started_at, finished_at, error)"
                f" VALUES ({number}, '{name}', '/', 1, 1, {finished}, {error})"
            )
            connection.exec_driver_sql(
                "INSERT INTO runs (source_id, started_at, seen_at, finished_at)"
                f" VALUES ({number}, 1, 1, {finished})"
            )
    engine.dispose()
    catalog = open_catalog(settings_module.load({"data_dir": str(tmp_path)}, {}))
    assert [job.name for job in Wanted(catalog, 0.0).now()] == ["failed", "killed"]
    catalog.close()


def test_waits_between_tries_grow_and_are_bounded():
    at = datetime(2026, 5, 4, 2, 5, tzinfo=UTC)
    moment = at.timestamp()

    def due(asked=None, failures=0, failed=None) -> bool:
        return following.is_due(failing(asked, failures, failed), at)

    def failing(asked, failures, failed):
        return Source(
            1, "s", "/", Following(), False, (), 0.0, asked, 0, moment - 100, None, None, None,
            failures=failures, failed_at=failed,
        )  # fmt: skip

    waits = [following.next_try(failing(None, n, 0.0)) for n in range(1, 8)]
    assert waits == [15, 30, 60, 120, 240, 480, 600]
    assert not due(failures=1, failed=moment - 5)
    assert due(failures=1, failed=moment - 16)
    assert due(failures=1, failed=moment + 50)  # the clock was put back
    assert due(asked=moment - 1, failures=1, failed=moment - 5)
    assert not due(asked=moment - 50, failures=1, failed=moment - 5)
