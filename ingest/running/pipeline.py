"""Files are prepared side by side, and handed over one by one as they are done."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Self

from ingest.reading.reader import Unchanged, Work
from ingest.running.isolating import of_file
from kb.errors import KbError
from kb.types.versions import Ready

AHEAD = 4
"""Files that may be prepared ahead of what is published; they wait in memory."""


Outcome = Ready | Unchanged | KbError


class Pipeline:
    """Prepares files side by side: in its context ``put`` work and iterate; after it all stops."""

    def __init__(
        self,
        prepare: Callable[[Work], Awaitable[Ready | Unchanged]],
        side_by_side: int,
        pause_seconds: float,
    ) -> None:
        self._prepare = prepare
        self._side_by_side = side_by_side
        self._pause_seconds = pause_seconds
        self._waiting = asyncio.PriorityQueue[tuple[int, int, Work]]()
        self._numbers = itertools.count()
        self._done = asyncio.Queue[tuple[Work, Outcome]](maxsize=AHEAD)
        self._left = 0
        self._tasks: list[asyncio.Task[None]] = []

    def put(self, item: Work) -> None:
        """Have one more file prepared; what came out of a container comes before other files."""
        self._waiting.put_nowait((-item.depth, next(self._numbers), item))
        self._left += 1

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._side_by_side)]
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

        Raises whatever unexpected error stopped the work.
        """
        while self._left:
            try:
                async with asyncio.timeout(self._pause_seconds):
                    done = await self._done.get()
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

    async def _work(self) -> None:
        while True:
            _, _, item = await self._waiting.get()
            outcome: Outcome
            try:
                outcome = await self._prepare(item)
            except Exception as error:  # noqa: BLE001 - raised again where it is not the file's
                outcome = of_file(error)
            await self._done.put((item, outcome))
