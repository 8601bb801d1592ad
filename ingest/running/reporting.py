"""How a run goes: counted, shown while it goes on, and kept when it has ended."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from kb.catalog import runs
from kb.catalog.database import Catalog
from kb.errors import KbError, PermanentError
from kb.types.library import Source
from kb.types.parsed import State

TELL_SECONDS = 1.0
"""Least seconds between two notes of progress in the catalog."""


@dataclass(slots=True)
class Counts:
    """How a run went; the JSON of ``kb ingest``."""

    seen: int = 0
    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    held: int = 0
    skipped: int = 0
    failed: int = 0
    chunks: int = 0
    seconds: float = 0.0

    def note(self, state: State) -> None:
        """Count a file that yields nothing."""
        if state == State.SKIPPED:
            self.skipped += 1
        else:
            self.failed += 1


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands, for a progress bar."""

    done: int
    total: int
    pages: int
    path: str


@dataclass
class RunReport:
    """The record of one run, in the catalog and to whoever watches."""

    catalog: Catalog
    source: Source
    on_progress: Callable[[Progress], None] = lambda _: None
    counts: Counts = field(default_factory=Counts)
    total: int = 0
    pages: int = 0
    _done: int = 0
    _run: int = 0
    _begun: float = 0.0
    _told: float = 0.0

    def begin(self) -> None:
        """Note that the run begins."""
        self._begun = time.monotonic()
        with self.catalog.writing() as connection:
            self._run = runs.begin(connection, self.source)

    async def step(self, path: str) -> None:
        """Count one more file as done."""
        self._done += 1
        self.on_progress(Progress(self._done, self.total, self.pages, path))
        if time.monotonic() - self._told >= TELL_SECONDS:
            await self.catalog.write(self.tell, path)

    def tell(self, path: str | None = None) -> None:
        """Say in the catalog where the run stands, and that it is alive.

        Raises:
            PermanentError: somebody asked for it to stop.
        """
        self._told = time.monotonic()
        with self.catalog.writing() as connection:
            goes_on = runs.progress(
                connection,
                self._run,
                done=self._done,
                total=self.total,
                pages=self.pages,
                path=path,
            )
        if not goes_on:
            raise PermanentError("The run was stopped on request.", code=runs.STOPPED)

    def finish(self, error: KbError | None) -> None:
        """Note that the run has ended; ``error`` is what it ended with, if anything."""
        self.counts.seconds = round(time.monotonic() - self._begun, 3)
        problem = error.as_json()["error"] if error else None
        with self.catalog.writing() as connection:
            runs.finish(connection, self.source, self._run, asdict(self.counts), problem)
