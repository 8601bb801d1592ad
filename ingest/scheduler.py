"""Runs sources on their schedules, and keeps the house clean between runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from cronsim import CronSim

from kb.catalog import leases, sources
from kb.catalog.database import Catalog
from kb.catalog.sources import Source
from kb.errors import KbError
from kb.publishing import Publisher

TICK_SECONDS = 15.0
LEASE = "scheduler"
log = logging.getLogger("kb.scheduler")


def last_due(source: Source, at: datetime) -> float | None:
    """When the schedule last asked for a run, as a time stamp; None without a schedule."""
    if not source.schedule:
        return None
    return next(CronSim(source.schedule, at, reverse=True)).timestamp()


def next_due(source: Source, at: datetime) -> float | None:
    """When the schedule will ask for a run next."""
    if not source.schedule:
        return None
    return next(CronSim(source.schedule, at)).timestamp()


def is_due(source: Source, at: datetime) -> bool:
    """Whether a run was asked for since the last one began (or the source was added)."""
    due = last_due(source, at)
    return due is not None and due > max(source.started_at or 0.0, source.created_at)


class Scheduler:
    """One of them works at a time, whoever holds the lease."""

    def __init__(
        self, catalog: Catalog, publisher: Publisher, run: Callable[[Source], Awaitable[None]]
    ) -> None:
        self._catalog = catalog
        self._publisher = publisher
        self._run = run
        self._owner = leases.new_owner()

    async def forever(self) -> None:
        """Tick until cancelled. A failure is logged and tried again at the next tick."""
        while True:
            try:
                await self.tick(datetime.now().astimezone())
            except KbError as error:
                log.warning("scheduler: %s", error.message)
            await asyncio.sleep(TICK_SECONDS)

    async def tick(self, at: datetime) -> None:
        """Run what is due; bring rights to the index; delete what has retired."""
        with self._catalog.writing() as connection:
            if not leases.take(connection, LEASE, self._owner):
                return
            known = sources.all_of(connection)
        for source in known:
            if is_due(source, at):
                await self._run(source)
        if known:
            await self._publisher.flush_rights()
            await self._publisher.sweep()

    def stop(self) -> None:
        """Give the lease back."""
        with self._catalog.writing() as connection:
            leases.release(connection, LEASE, self._owner)
