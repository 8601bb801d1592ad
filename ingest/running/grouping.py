"""Documents that are ready wait for each other, since a flush of the index is dear."""

import time
from collections.abc import Awaitable, Callable, Sequence

from ingest.reading.reader import Work
from ingest.running import isolating
from kb.catalog import versions
from kb.catalog.database import Catalog
from kb.errors import KbError
from kb.types.versions import Ready

GROUP_CHUNKS = 400
"""Passages from which a group is published."""
GROUP_SECONDS = 2.0
"""Seconds after which a group is published, however small."""


class PublishingGroup:
    """What is published next, all at once; where that fails, one by one."""

    def __init__(
        self, catalog: Catalog, publish: Callable[[Sequence[Ready]], Awaitable[set[int]]]
    ) -> None:
        self._catalog = catalog
        self._publish = publish
        self._waiting: list[tuple[Work, Ready]] = []
        self._since = 0.0

    def add(self, item: Work, ready: Ready) -> None:
        """Add a document that is ready."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append((item, ready))

    @property
    def is_due(self) -> bool:
        """Whether it is large, or has waited long enough."""
        chunks = sum(len(ready.content.chunks) for _, ready in self._waiting)
        return chunks >= GROUP_CHUNKS or time.monotonic() - self._since > GROUP_SECONDS

    async def publish(self) -> tuple[list[Ready], list[tuple[Work, KbError]]]:
        """Returns what is published now, and the files that could not be, each with its reason.

        Errors: those of :meth:`Publisher.publish` that say nothing of one file.
        """
        if not self._waiting:
            return [], []
        group, self._waiting = self._waiting, []
        items = {ready.number: item for item, ready in group}
        done, failed = await isolating.one_by_one(self._publish, [ready for _, ready in group])
        for ready, problem in failed:
            await self._catalog.write(self._abandon, ready, problem)
        published = [ready for _, ready in group if ready.number in done]
        return published, [(items[ready.number], problem) for ready, problem in failed]

    def _abandon(self, ready: Ready, problem: KbError) -> None:
        with self._catalog.writing() as connection:
            versions.abandon(connection, ready.number, problem.code, problem.detail)
