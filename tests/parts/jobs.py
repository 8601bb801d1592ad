"""A catalog with sources, and workers on it."""

import asyncio
from contextlib import asynccontextmanager

from ingest.following.local_jobs import LocalJobs
from ingest.following.queued_jobs import QueuedJobs
from ingest.following.wanted import WantedRuns
from kb.catalog import runs, sources
from kb.types.library import ASKED


class Shop:
    """A catalog with sources, and workers on it; ``read`` is what their runs do."""

    def __init__(self, catalog, data):
        self.catalog, self.data = catalog, data
        url = catalog._engine.url
        is_sqlite = url.get_backend_name() == "sqlite"
        self.url = "" if is_sqlite else url.render_as_string(hide_password=False)
        self.wanted = WantedRuns(catalog, 0.0)
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


async def until(condition, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)
