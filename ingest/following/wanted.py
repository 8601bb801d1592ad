"""What is read next: the one place where that is decided.

From the sources (what was asked for, what is due by the clock, what failed and is tried again) and
the leases (what is being read, what a process that is gone has left). All of it is in the catalog,
so a kill forgets nothing.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.following.due import is_due
from kb.catalog import leases, sources
from kb.catalog.database import Catalog, Connection
from kb.clock import local_now
from kb.types.library import ASKED, SCHEDULED, Source

RUN, JOB = "source:", "job:"
"""Leases of a run over a source, and of a worker that has taken a job; the source's id follows."""
log = logging.getLogger("kb.wanted")


@dataclass(frozen=True, slots=True)
class Job:
    """A run over a source that is to begin now. What it has to do is worked out when it runs."""

    source_id: int
    name: str
    priority: int

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits for it: then a long run elsewhere does not hold it up."""
        return self.priority >= ASKED


class WantedRuns:
    """What is read next in one catalog. ``sweep_seconds``: how often a watched folder is swept."""

    def __init__(self, catalog: Catalog, sweep_seconds: float) -> None:
        self._catalog = catalog
        self._sweep_seconds = sweep_seconds

    def now(self) -> list[Job]:
        """What is to be read now, the most urgent first."""
        with self._catalog.reading() as connection:
            return self.within(connection)

    def within(self, connection: Connection) -> list[Job]:
        """What is to be read now, as a transaction sees it."""
        return self.among(connection, sources.all_of(connection, counted=False), local_now())

    def one(self, source_id: int, *, is_left: bool) -> Job | None:
        """Whether this source is (still) to be read; ``is_left``: a worker began, and is gone."""
        with self._catalog.reading() as connection:
            mine = [s for s in sources.all_of(connection, counted=False) if s.id == source_id]
            left = [source_id] if is_left else []
            return next(iter(self.among(connection, mine, local_now(), left)), None)

    def holds(self, source_id: int) -> bool:
        """Whether a source is there, and kept back: it is paused, or being read."""
        with self._catalog.reading() as connection:
            known = sources.all_of(connection, counted=False)
            is_read = leases.is_held(connection, f"{RUN}{source_id}")
        return any(s.id == source_id and (s.paused or is_read) for s in known)

    def among(
        self,
        connection: Connection,
        known: Iterable[Source],
        at: datetime,
        left: Sequence[int] = (),
    ) -> list[Job]:
        """Which of some sources are to be read now, the most urgent first."""
        standing = leases.standing(connection)
        wanted = [s for s in known if self._is_wanted(s, at, standing, left)]
        wanted.sort(key=lambda s: (-_priority(s), s.requested_at or at.timestamp(), s.name))
        return [Job(s.id, s.name, _priority(s)) for s in wanted]

    def _is_wanted(
        self, source: Source, at: datetime, standing: dict[str, bool], left: Sequence[int]
    ) -> bool:
        run, job = standing.get(f"{RUN}{source.id}"), standing.get(f"{JOB}{source.id}")
        if run or job or source.paused:
            return False
        was_left = _is_left(source, run) or job is not None or source.id in left
        return was_left or self._is_due(source, at)

    def _is_due(self, source: Source, at: datetime) -> bool:
        """One source whose schedule cannot be read holds up no other."""
        try:
            return is_due(source, at, self._sweep_seconds)
        except Exception:
            log.exception("when %s is due cannot be told", source.name)
            return source.is_requested


def _is_left(source: Source, run: bool | None) -> bool:
    """Whether a run began whose process is gone, and nobody has noted how it ended.

    A failure that was noted is tried again in its own time.
    """
    return run is False and (source.started_at or 0.0) > (source.failed_at or 0.0)


def _priority(source: Source) -> int:
    """As it was asked for; what is tried again keeps that."""
    return source.priority if source.is_requested or source.failures else SCHEDULED
