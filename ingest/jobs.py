"""Jobs: runs over sources, handed to whichever worker is free. The only file that knows the queue.

A job names a source; what has to be done is worked out when it runs, so that doing it twice does
no harm. What must happen exactly once is guarded where it happens: by the source's lease and by
the transaction that publishes. Jobs are kept beside the catalog: in a SQLite file of their own, or
in the same PostgreSQL.
"""

import asyncio
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from litestar_queues import NonRetryableError, QueueConfig, QueueService, WorkerConfig, task
from litestar_queues.backends.sqlspec import SQLSpecBackendConfig
from litestar_queues.exceptions import QueueError
from litestar_queues.task import RetryBackoff
from litestar_queues.worker import Worker
from sqlspec.exceptions import SQLSpecError

from kb.errors import KbError, RetryableError
from kb.settings import Settings
from kb.types.library import ASKED

READ = "commonplace.read"
USUAL, URGENT = "usual", "urgent"
"""What somebody waits for has a place of its own: a long run elsewhere does not hold it up."""
RETRIES = 6
BACKOFF = RetryBackoff(initial_delay=15.0, multiplier=2.0, max_delay=600.0)
HEARTBEAT_SECONDS = 5.0
STALE_SECONDS = 30.0
"""A job whose worker has been silent for so long is given to another."""
DRAIN_SECONDS = 25.0
KEPT = timedelta(days=7)
"""Finished jobs are forgotten after this; the runs themselves are kept in the catalog."""
MAKING = 0x6B63
"""The advisory lock of whoever makes the queue's tables in PostgreSQL."""
log = logging.getLogger("kb.jobs")
Read = Callable[[str], Awaitable[None]]


class Jobs:
    """The queue of one knowledge base. One object per process."""

    def __init__(self, settings: Settings, read: Read, *, side_by_side: int = 1) -> None:
        self._read = read
        self._settings = settings
        own = settings.catalog_url.startswith("sqlite")
        self._file = settings.data / "jobs.sqlite3" if own else None
        self._task = task(READ, retries=RETRIES, retry_backoff=BACKOFF, requeue_on_stale=True)(
            self._run
        )
        self._service = QueueService(
            QueueConfig(
                queue_backend=SQLSpecBackendConfig(sqlspec_config=_database(settings)),
                execution_backend="local",
                worker=WorkerConfig(
                    placement="external",
                    max_concurrency=side_by_side + 1,
                    batch_size=side_by_side + 1,
                    queue_concurrency={USUAL: side_by_side, URGENT: 1},
                    poll_interval=0.2,
                    poll_backoff_max=1.0,
                    heartbeat_interval=HEARTBEAT_SECONDS,
                    stale_after=STALE_SECONDS,
                    stale_check_interval=HEARTBEAT_SECONDS,
                    graceful_shutdown_timeout=DRAIN_SECONDS,
                    requeue_on_shutdown=True,
                    hard_exit_timeout=None,
                ),
            )
        )

    async def open(self) -> None:
        """Open the queue; its tables are made where they are not there.

        Raises:
            RetryableError: its database cannot be used; so do the other methods.
        """
        if self._file is not None:
            await asyncio.to_thread(_set_aside_if_damaged, self._file)
        async with _translated(), _no_other_makes(self._settings):
            await self._service.open()
            backend: Any = self._service.get_queue_backend()
            await backend.create_schema()

    async def close(self) -> None:
        """Close the queue."""
        await self._service.close()

    async def put(self, source: str, priority: int, asked_at: float | None = None) -> None:
        """Have a source read. One that waits or is being read is not put twice.

        ``asked_at``: when it was asked for (seconds since the epoch). A job that failed before and
        waits until it is tried again waits no longer.
        """
        queue = URGENT if priority >= ASKED else USUAL
        key = f"{queue}:{source}"
        async with _translated():
            if asked_at is not None:
                await self._forget_backoff(key, asked_at)
            await self._service.enqueue(self._task, source, key=key, queue=queue, priority=priority)

    async def _forget_backoff(self, key: str, asked_at: float) -> None:
        """End the job that waits to be tried again; one that runs goes on."""
        earlier = await self._service.get_queue_backend().get_task_by_key(key)
        if earlier and not earlier.is_due and earlier.created_at.timestamp() < asked_at:
            await self._service.cancel_task(earlier.id)

    async def work(self, stop: asyncio.Event) -> None:
        """Take jobs, the most urgent first, until told to stop; the one at hand is finished."""
        worker = Worker(self._service)
        working = asyncio.create_task(worker.start())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            await worker.stop()
        async with _translated():
            await working

    async def forget_old(self) -> None:
        """Forget jobs that ended long ago."""
        async with _translated():
            await self._service.get_queue_backend().cleanup_terminal(datetime.now(UTC) - KEPT)

    async def statistics(self) -> dict[str, int]:
        """How many jobs wait, run, have ended, and have failed for good."""
        found = await self._service.get_statistics()
        return {
            "waiting": found.pending + found.scheduled,
            "running": found.running,
            "done": found.completed,
            "failed": found.failed,
        }

    async def _run(self, source: str) -> None:
        try:
            await self._read(source)
        except RetryableError:
            raise
        except KbError as error:
            raise NonRetryableError(error.message) from error


@asynccontextmanager
async def _no_other_makes(settings: Settings) -> AsyncIterator[None]:
    """Two processes that make the same tables at once refuse each other in PostgreSQL."""
    if settings.catalog_url.startswith("sqlite"):
        yield
        return
    import psycopg

    try:
        connected = await psycopg.AsyncConnection.connect(_conninfo(settings), autocommit=True)
        async with connected as connection:
            await connection.execute("SELECT pg_advisory_lock(%s)", [MAKING])
            yield
    except psycopg.Error as error:
        raise RetryableError(f"The job queue: {error}", code="queue_unavailable") from error


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except (SQLSpecError, QueueError, OSError) as error:
        raise RetryableError(f"The job queue: {error}", code="queue_unavailable") from error


def _set_aside_if_damaged(file: Path) -> None:
    """A queue that cannot be read is begun anew: what is due is put into it again.

    The damaged one stays beside it, for whoever wants to know.
    """
    if not file.is_file():
        return
    try:
        with closing(sqlite3.connect(file, timeout=30.0)) as connection:
            [[found]] = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.OperationalError:
        return  # held by another process, or not to be opened: told when it is used
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found == "ok":
        return
    log.warning("the job queue was damaged (%s); a new one is begun, the old one kept", found)
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(f"{file}{ending}", f"{file}.damaged{ending}")


def _database(settings: Settings) -> Any:
    """The queue's database; only the driver that is used is loaded."""
    if settings.catalog_url.startswith("sqlite"):
        from sqlspec.adapters.aiosqlite import AiosqliteConfig

        return AiosqliteConfig(
            connection_config={"database": str(settings.data / "jobs.sqlite3"), "timeout": 30.0}
        )
    from sqlspec.adapters.psycopg import PsycopgAsyncConfig

    return PsycopgAsyncConfig(
        connection_config={"conninfo": _conninfo(settings), "min_size": 1, "max_size": 4}
    )


def _conninfo(settings: Settings) -> str:
    return "postgresql://" + settings.catalog_url.partition("://")[2]
