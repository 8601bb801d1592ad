"""Where jobs wait: the queue is made, fails, and is another release's."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from procrastinate.exceptions import ConnectorException
from sqlalchemy import create_engine

from ingest.following.local_jobs import LocalJobs
from ingest.following.queued_jobs import SCHEMA, SCHEMAS, QueuedJobs
from ingest.following.wanted import WantedRuns
from kb import settings as settings_module
from kb.catalog import migrations
from kb.catalog.database import open_catalog
from kb.errors import RetryableError
from kb.types.library import SCHEDULED
from tests.parts.jobs import Shop
from tests.parts.processes import HANGING

DEAD = "postgresql+psycopg://kb@127.0.0.1:1/kb"


async def test_a_queue_that_cannot_be_used_is_an_error_that_may_pass(catalog):
    async def read(_: str) -> None: ...

    jobs = QueuedJobs(catalog, WantedRuns(catalog, 0.0), read, url=DEAD)
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
        monkeypatch.setattr(WantedRuns, "now", lambda _: (_ for _ in ()).throw(gone))
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
    jobs = Shop(catalog, tmp_path).worker()
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
    shop = Shop(catalog, tmp_path)
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
        shop = Shop(catalog, tmp_path)
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
    assert [job.name for job in WantedRuns(catalog, 0.0).now()] == ["failed", "killed"]
    catalog.close()
