"""Looks every second: what is to be read, what is to be watched; and keeps the house clean."""

import asyncio
import logging
import time
from datetime import datetime

from ingest.following.jobs import Jobs
from ingest.following.wanted import Job, WantedRuns
from ingest.following.watching import Watcher
from kb.catalog import leases, sources
from kb.catalog.database import Catalog
from kb.clock import local_now
from kb.errors import KbError
from kb.types.library import WATCHED, Source
from kb.upkeep.publishing import Publisher

TICK_SECONDS = 1.0
"""Seconds between two looks: requests of people are noticed within them."""
RENEW_SECONDS = leases.SECONDS / 4
"""Seconds between two writes of the lease; the ticks in between only read."""
HOUSEKEEPING_SECONDS = 15.0
"""Seconds between two rounds of housekeeping, and to the next try after one that failed."""
LEASE = "scheduler"
log = logging.getLogger("kb.scheduler")


class Scheduler:
    """Queues jobs for what is due. Of all processes that have one, the lease's holder works."""

    def __init__(
        self, catalog: Catalog, publisher: Publisher, wanted: WantedRuns, jobs: Jobs
    ) -> None:
        self._catalog = catalog
        self._publisher = publisher
        self._wanted = wanted
        self._jobs = jobs
        self._owner = leases.new_owner()
        self._watcher = Watcher(self._changed)
        self._cleaned = 0.0
        self._leased = -RENEW_SECONDS

    async def forever(self) -> None:
        """Tick until cancelled. A failure is logged and tried again at the next tick."""
        try:
            while True:
                try:
                    await self.tick(local_now())
                except KbError as error:
                    log.warning("scheduler: %s", error.message)
                    await asyncio.sleep(HOUSEKEEPING_SECONDS)
                except Exception:  # without it nothing would ever be due again
                    log.exception("scheduler: unexpected")
                    await asyncio.sleep(HOUSEKEEPING_SECONDS)
                await asyncio.sleep(TICK_SECONDS)
        finally:
            await self._watcher.stop()

    async def tick(self, at: datetime) -> None:
        """Put jobs for what is to be read, watch what wants it, and now and then clean up."""
        seen = await self._catalog.write(self._look, at)
        if seen is None:
            self._watcher.follow([])
            return
        known, wanted = seen
        self._watcher.follow(known)
        await self._jobs.put(wanted)
        if known and time.monotonic() - self._cleaned >= HOUSEKEEPING_SECONDS:
            self._cleaned = time.monotonic()
            await self._publisher.tell_languages()
            await self._publisher.flush_rights()
            await self._publisher.sweep()
            await self._publisher.beside.tidy()

    def _look(self, at: datetime) -> tuple[list[Source], list[Job]] | None:
        """Every source, and what is to be read now; None where another scheduler works."""
        if time.monotonic() - self._leased >= RENEW_SECONDS and not self._take_lease():
            return None
        with self._catalog.reading() as connection:
            known = sources.all_of(connection, counted=False)
            return known, self._wanted.among(connection, known, at)

    def _take_lease(self) -> bool:
        with self._catalog.writing() as connection:
            taken = leases.take(connection, LEASE, self._owner)
        if taken:
            self._leased = time.monotonic()
        return bool(taken)

    async def _changed(self, source: Source) -> None:
        try:
            await self._catalog.write(self._request_run, source)
        except KbError as error:
            log.warning("a change in %s waits for the sweep: %s", source.name, error.message)

    def _request_run(self, source: Source) -> None:
        with self._catalog.writing() as connection:
            sources.request_run(connection, source.id, WATCHED)

    async def stop(self) -> None:
        """Give the lease back."""
        await self._catalog.write(self._release_lease)

    def _release_lease(self) -> None:
        with self._catalog.writing() as connection:
            leases.release(connection, LEASE, self._owner)
