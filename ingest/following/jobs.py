"""Jobs: runs over sources, handed to whichever worker is free.

What a job is, and how one ends. Two kinds of queues hand jobs out: with an SQLite catalog the
workers of one machine take them from the catalog (``local_jobs``), with PostgreSQL a queue does,
among any number of hosts (``queued_jobs``). Neither decides what is read: ``wanted`` does.

A job that runs twice does no harm; what must happen exactly once is guarded where it happens, by
the source's lease and by the transaction that publishes.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.following.due import TRIES
from ingest.following.wanted import Job
from kb.catalog import sources
from kb.catalog.database import Connection
from kb.errors import ConflictError, KbError, RetryableError

LOOK_SECONDS = 1.0
"""Seconds between two looks of a worker for what is to be read."""
DRAIN_SECONDS = 25.0
"""Seconds for which runs at hand may go on after a worker was told to stop."""
Read = Callable[[str], Awaitable[None]]
"""Reads the source of that name."""
log = logging.getLogger("kb.jobs")


class Jobs(Protocol):
    """The jobs of one knowledge base. One object per process.

    Every method raises ``RetryableError`` where the queue's database cannot be used.
    """

    async def open(self) -> None:
        """Open the queue, and make its tables where they are not there."""

    async def close(self) -> None:
        """Close the queue."""

    async def put(self, wanted: Sequence[Job]) -> None:
        """Queue jobs, the most urgent first. One that waits already is not queued twice."""

    async def work(self, stop: asyncio.Event) -> None:
        """Take jobs, the most urgent first, until told to stop; those at hand are finished."""


@dataclass(frozen=True, slots=True)
class EndedJob:
    """How a job that was taken at ``taken_at`` (seconds since the epoch) ended."""

    job: Job
    taken_at: float
    error: KbError | None

    def note(self, connection: Connection) -> None:
        """Note it with the source; what may pass is tried again, a few times."""
        one, taken_at = self.job.source_id, self.taken_at
        if not self._may_pass():
            sources.tried(connection, one, taken_at, gave_up=self.error is not None)
            return
        before = sources.failures(connection, one)
        failures = max(before, 1) if self._was_stopped else before + 1
        if failures < TRIES:
            sources.tried_again(connection, one, failures)
            return
        log.warning("reading %s failed %s times in a row: given up", self.job.name, failures)
        sources.tried(connection, one, taken_at, gave_up=True)

    @property
    def _was_stopped(self) -> bool:
        """Whether a worker was told to stop: no failure, however often it happens."""
        return self.error is not None and self.error.code == "interrupted"

    def _may_pass(self) -> bool:
        """Also what another process is reading just now is read again."""
        return isinstance(self.error, RetryableError | ConflictError)


async def run(job: Job, read: Read, ended: Callable[[EndedJob], Awaitable[None]]) -> None:
    """Do a job; whatever happens, ``ended`` is told how it went."""
    taken_at = time.time()
    try:
        await read(job.name)
    except KbError as error:
        await ended(EndedJob(job, taken_at, error))
    except asyncio.CancelledError:
        stopped = RetryableError("The run was stopped.", code="interrupted")
        await ended(EndedJob(job, taken_at, stopped))
        raise
    except Exception as error:  # the source is tried again; a worker goes on
        log.exception("reading %s failed", job.name)
        unexpected = RetryableError(f"Reading failed: {error}", code="run_failed")
        await ended(EndedJob(job, taken_at, unexpected))
    else:
        await ended(EndedJob(job, taken_at, None))
