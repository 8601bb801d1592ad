"""Jobs of an organisation: procrastinate, a queue in the catalog's PostgreSQL, hands them out.

The only file that knows procrastinate. Its tables are a cache of what the catalog says is wanted:
they have a schema of their own, named by procrastinate's release, and another release makes another
one and drops the old. A worker writes a heartbeat; the jobs of one that has been silent are taken
up by the next.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

import procrastinate
import psycopg
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued, ProcrastinateException
from procrastinate.jobs import Status
from psycopg import sql

from ingest.following.jobs import DRAIN_SECONDS, LOOK_SECONDS, EndedJob, Read, run
from ingest.following.wanted import Job, WantedRuns
from kb.catalog.database import Catalog
from kb.errors import KbError, RetryableError

READ = "commonplace.read"
USUAL, URGENT = "usual", "urgent"
"""Names of the two queues. What somebody waits for has one of its own, so no long run delays it."""
HEARTBEAT_SECONDS, STALE_SECONDS = 5.0, 30.0
"""A worker's heartbeat, and the silence after which its jobs are taken up."""
NOT_NOW_SECONDS = 15
"""Seconds for which a job that was left waits while its run still holds the source, or the source
is paused."""
SCHEMAS = "commonplace_jobs_"
SCHEMA = SCHEMAS + "_".join(procrastinate.__version__.split(".")[:2])
MAKING = 0x6B63
"""The advisory lock of whoever makes the queue's tables."""
log = logging.getLogger("kb.jobs")


class _NotNow(Exception):
    """A job that was left cannot be done just now, or how it ended cannot be noted."""


class QueuedJobs:
    """Runs ``side_by_side`` usual jobs at a time, and one more that somebody waits for."""

    def __init__(
        self, catalog: Catalog, wanted: WantedRuns, read: Read, *, url: str, side_by_side: int = 1
    ) -> None:
        self._catalog = catalog
        self._wanted = wanted
        self._read = read
        self._places = {URGENT: 1, USUAL: side_by_side}
        self._conninfo = "postgresql://" + url.partition("://")[2]
        connector = PsycopgConnector(
            conninfo=self._conninfo,
            kwargs={"options": f"-c search_path={SCHEMA}"},
            min_size=1,
            max_size=4,
        )
        self._app = App(connector=connector)
        self._running: set[asyncio.Task[None]] = set()
        again = RetryStrategy(wait=NOT_NOW_SECONDS, retry_exceptions={_NotNow})
        self._task = self._app.task(name=READ, pass_context=True, retry=again)(self._run)

    async def open(self) -> None:
        """Open the queue; its tables are made where they are not there."""
        async with _translated():
            await self._make_tables()
            await self._app.open_async()

    async def close(self) -> None:
        """Close the queue."""
        await self._app.close_async()

    async def put(self, wanted: Sequence[Job]) -> None:
        """Queue jobs, the most urgent first. One that waits already is not queued twice."""
        if not wanted:
            return
        async with _translated():
            known = await self._known()
            for job in wanted:
                lane = URGENT if job.is_urgent else USUAL
                key = f"{lane}:{job.source_id}"
                if key in known:
                    continue
                place = self._task.configure(
                    queue=lane, priority=job.priority, queueing_lock=key, lock=str(job.source_id)
                )
                with suppress(AlreadyEnqueued):
                    await place.defer_async(source_id=job.source_id)

    async def _known(self) -> set[str | None]:
        manager = self._app.job_manager
        found = [await manager.list_jobs_async(status=s.value) for s in (Status.TODO, Status.DOING)]
        return {job.queueing_lock for jobs in found for job in jobs}

    async def work(self, stop: asyncio.Event) -> None:
        """Take jobs until told to stop. Where the queue breaks off, what is being read goes on."""
        workers = [asyncio.create_task(self._worker(lane)) for lane in self._places]
        stopping = asyncio.create_task(stop.wait())
        taking_up = asyncio.create_task(self._take_up_forever())
        broke_off = False
        try:
            await asyncio.wait((*workers, taking_up, stopping), return_when=asyncio.FIRST_COMPLETED)
            broke_off = not stop.is_set()
        finally:
            taking_up.cancel()
            stopping.cancel()
            for worker in workers:
                worker.cancel()  # it takes nothing new, and finishes what it has
            ended = await asyncio.gather(*workers, taking_up, return_exceptions=True)
            if not broke_off:
                await self._end_runs()
        if broke_off:
            _raise_first(ended)

    async def _worker(self, lane: str) -> None:
        await self._app.run_worker_async(
            queues=[lane],
            name=lane,
            concurrency=self._places[lane],
            install_signal_handlers=False,
            listen_notify=False,
            fetch_job_polling_interval=LOOK_SECONDS,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALE_SECONDS,
            shutdown_graceful_timeout=DRAIN_SECONDS,
            delete_jobs="always",
        )

    async def _take_up_forever(self) -> None:
        while True:
            try:
                await self._take_up()
            except ProcrastinateException as error:
                log.warning("what dead workers left cannot be told: %s", error)
            if is_ending():  # a query that fails while it is cancelled raises its own error
                return
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _take_up(self) -> None:
        manager = self._app.job_manager
        for left in await manager.get_stalled_jobs(seconds_since_heartbeat=STALE_SECONDS):
            log.warning("a worker is gone: its job (%s) is taken up", left.queueing_lock)
            with suppress(ProcrastinateException):  # another worker was faster
                await manager.retry_job(left)

    async def _run(self, context: JobContext, source_id: int) -> None:
        """Read a source, unless that was done meanwhile."""
        is_left = bool(context.job and context.job.attempts)
        try:
            job = await self._catalog.read(self._wanted.one, source_id, is_left=is_left)
            if job is None and is_left and await self._catalog.read(self._wanted.holds, source_id):
                raise _NotNow
        except KbError as error:
            raise _NotNow from error
        if job is not None:
            await self._read_to_its_end(job)

    async def _read_to_its_end(self, job: Job) -> None:
        """Read a source, also where the queue lets go of the job: its database was away, say."""
        running = asyncio.create_task(run(job, self._read, self._ended))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        await asyncio.shield(running)

    async def _end_runs(self) -> None:
        """Stop what goes on although its worker has waited for it."""
        runs = list(self._running)
        for task in runs:
            task.cancel()
        await asyncio.gather(*runs, return_exceptions=True)

    async def _ended(self, ended: EndedJob) -> None:
        try:
            await self._catalog.write(self._note, ended)
        except KbError as error:
            log.warning("how %s ended cannot be noted: %s", ended.job.name, error.message)
            raise _NotNow from error

    def _note(self, ended: EndedJob) -> None:
        with self._catalog.writing() as connection:
            ended.note(connection)

    async def _make_tables(self) -> None:
        """In one transaction, by one process at a time."""
        async with await psycopg.AsyncConnection.connect(self._conninfo) as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [MAKING])
            query = "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)"
            names = {row[0] async for row in await connection.execute(query, [SCHEMAS])}
            for old in names - {SCHEMA}:
                await connection.execute(
                    sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(old))
                )
            if SCHEMA not in names:
                name = sql.Identifier(SCHEMA)
                await connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
                await connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(name))
                await connection.execute(self._app.schema_manager.get_schema())


def is_ending() -> bool:
    """Whether the task that asks has been cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _raise_first(ended: Iterable[BaseException | None]) -> None:
    """A worker that ended although nobody told it to: its queue cannot be used.

    Raises:
        RetryableError: always.
    """
    errors = [e for e in ended if isinstance(e, Exception)]
    reason = errors[0] if errors else "a worker ended"
    raise RetryableError(f"The job queue: {reason}", code="queue_unavailable") from (
        errors[0] if errors else None
    )


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except (ProcrastinateException, psycopg.Error, OSError) as error:
        raise RetryableError(f"The job queue: {error}", code="queue_unavailable") from error
