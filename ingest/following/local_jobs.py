"""Jobs on one machine: its workers take them from the catalog.

What waits is in the catalog already, so nothing is put anywhere. A worker that takes a job holds a
lease until it has noted how the job ended: a lease whose owner is gone is a job that was left, and
the next worker takes it up (at once on this machine).
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ingest.following.jobs import DRAIN_SECONDS, LOOK_SECONDS, EndedJob, Read, run
from ingest.following.wanted import JOB, Job, WantedRuns
from kb.catalog import leases
from kb.catalog.database import Catalog
from kb.errors import KbError, LeaseLost

BEAT_SECONDS = leases.SECONDS / 4
"""Seconds between two renewals of the leases of jobs."""
log = logging.getLogger("kb.jobs")


class LocalJobs:
    """Runs ``side_by_side`` usual jobs at a time, and one more that somebody waits for."""

    def __init__(
        self, catalog: Catalog, wanted: WantedRuns, read: Read, *, data: Path, side_by_side: int = 1
    ) -> None:
        self._catalog = catalog
        self._wanted = wanted
        self._read = read
        self._data = data
        self._places = {True: 1, False: side_by_side}
        self._owner = leases.new_owner()
        self._running: dict[Job, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()

    async def open(self) -> None:
        """Remove the queue's file of earlier releases: the catalog knows all that was in it."""
        await asyncio.to_thread(_remove_old_queue, self._data)

    async def close(self) -> None:
        """Nothing is held open."""

    async def put(self, wanted: Sequence[Job]) -> None:
        """Look at once: what is wanted stands in the catalog."""
        if wanted:
            self._woken.set()

    async def work(self, stop: asyncio.Event) -> None:
        """Take jobs until told to stop.

        Raises:
            RetryableError: the catalog cannot be used, and nothing is being read.
        """
        beating = asyncio.create_task(self._beat())
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._look()
                woken = asyncio.create_task(self._woken.wait())
                either = (stopping, woken)
                await asyncio.wait(
                    either, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                woken.cancel()
                self._woken.clear()
        finally:
            stopping.cancel()
            await self._drain()
            beating.cancel()

    async def _look(self) -> None:
        """Begin what is wanted. Runs at hand outlive a look that fails: the next one may not."""
        try:
            await self._begin_what_is_wanted()
        except KbError as error:
            if not self._running:
                raise
            log.warning("what is to be read next cannot be told: %s", error.message)

    async def _begin_what_is_wanted(self) -> None:
        for job in await self._catalog.read(self._wanted.now):
            if self._has_room(job) and await self._catalog.write(self._take, job):
                task = asyncio.create_task(run(job, self._read, self._ended))
                self._running[job] = task
                task.add_done_callback(partial(self._over, job))

    def _has_room(self, job: Job) -> bool:
        alike = sum(other.is_urgent == job.is_urgent for other in self._running)
        return alike < self._places[job.is_urgent]

    def _over(self, job: Job, _: asyncio.Task[None]) -> None:
        self._running.pop(job, None)
        self._woken.set()

    def _take(self, job: Job) -> bool:
        """Whether it is ours; another worker may have taken it, or done it, meanwhile."""
        with self._catalog.writing() as connection:
            if job.source_id not in {j.source_id for j in self._wanted.within(connection)}:
                return False
            name = f"{JOB}{job.source_id}"
            if name in leases.standing(connection):
                log.warning("a worker is gone: what it had (%s) is taken up", job.name)
            return bool(leases.take(connection, name, self._owner))

    async def _ended(self, ended: EndedJob) -> None:
        try:
            await self._catalog.write(self._note, ended)
        except KbError as error:  # no longer held, the lease runs out, and the job is taken up
            log.warning("how %s ended cannot be noted: %s", ended.job.name, error.message)

    def _note(self, ended: EndedJob) -> None:
        with self._catalog.writing() as connection:
            ended.note(connection)
            leases.release(connection, f"{JOB}{ended.job.source_id}", self._owner)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._catalog.write(self._hold, list(self._running))
            except KbError as error:
                log.warning("the jobs at hand cannot be held: %s", error.message)

    def _hold(self, jobs: Sequence[Job]) -> None:
        with self._catalog.writing() as connection:
            for job in jobs:
                with contextlib.suppress(LeaseLost):  # the run's own lease keeps others out
                    leases.hold_or_raise(connection, f"{JOB}{job.source_id}", self._owner)

    async def _drain(self) -> None:
        tasks = list(self._running.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _remove_old_queue(data: Path) -> None:
    for file in data.glob("jobs.sqlite3*"):
        try:
            file.unlink()
        except OSError as error:
            log.warning("%s is of an earlier release and cannot be removed: %s", file, error)
