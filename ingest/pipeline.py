"""Files are read and cut side by side, and handed over one by one as they are done."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from ingest.reading import Read, Reader, Unchanged, Work
from kb.errors import EngineError, FileProblem, KbError

Outcome = Read | Unchanged | KbError
AHEAD = 4
"""Files that may be read ahead of what is embedded; they wait in memory."""


class Pipeline:
    """Use it as a context: inside, ``put`` work and iterate; at its end nothing goes on."""

    def __init__(self, reader: Reader, side_by_side: int, pause_seconds: float) -> None:
        self.seconds = 0.0
        """Spent reading and cutting, summed over files."""
        self._reader = reader
        self._side_by_side = side_by_side
        self._pause_seconds = pause_seconds
        self._waiting = asyncio.Queue[Work]()
        self._done = asyncio.Queue[tuple[Work, Outcome]](maxsize=AHEAD)
        self._left = 0
        self._tasks: list[asyncio.Task[None]] = []

    def put(self, item: Work) -> None:
        """Have one more file read."""
        self._waiting.put_nowait(item)
        self._left += 1

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._read()) for _ in range(self._side_by_side)]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[tuple[Work, Outcome] | None]:
        """Each file with what came of it; None when none has been ready for a while.

        Raises whatever unexpected error stopped a reader.
        """
        while self._left:
            try:
                done = await asyncio.wait_for(self._done.get(), self._pause_seconds)
            except TimeoutError:
                self._raise_if_broken()
                yield None
                continue
            self._left -= 1
            yield done

    def _raise_if_broken(self) -> None:
        for task in self._tasks:
            if task.done():
                task.result()

    async def _read(self) -> None:
        while True:
            item = await self._waiting.get()
            begun = time.monotonic()
            outcome: Outcome
            try:
                outcome = await self._reader.read(item)
            except (FileProblem, EngineError) as problem:
                outcome = problem
            self.seconds += time.monotonic() - begun
            await self._done.put((item, outcome))
