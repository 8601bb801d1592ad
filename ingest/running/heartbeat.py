"""A run says that it is alive; once that fails for good, the run ends."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from kb.catalog import leases
from kb.errors import KbError, LeaseLost, PermanentError

EVERY_SECONDS = leases.SECONDS / 4
"""Seconds between two beats."""
AGAIN_SECONDS = 1.0
"""Seconds to the next beat after one that failed."""
LATEST_SECONDS = leases.SECONDS * 3 / 4
"""Seconds of silence after which the run ends: a little later another process may take its
lease."""


class Heartbeat:
    """Keeps a run's lease alive: a context around the work of the current task.

    When the beat fails, the work is cancelled, and the context raises what the beat failed of:
    ``LeaseLost``, ``PermanentError`` (somebody stopped it) and unexpected errors at once, others
    after ``LATEST_SECONDS`` without a beat.
    """

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._error: BaseException | None = None
        self._task: asyncio.Task[None] | None = None
        self._work: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._work = asyncio.current_task()
        self._task = asyncio.create_task(self._beating())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        if self._error is None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            return
        assert self._work is not None
        if kind is not asyncio.CancelledError:  # the work ended just then: its next wait is cut
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
        self._work.uncancel()
        raise self._error from error

    async def _beating(self) -> None:
        last = time.monotonic()
        wait = EVERY_SECONDS
        while True:
            await asyncio.sleep(wait)
            try:
                await asyncio.to_thread(self._beat)
            except KbError as error:
                wait = AGAIN_SECONDS
                if (
                    isinstance(error, LeaseLost | PermanentError)
                    or time.monotonic() - last > LATEST_SECONDS
                ):
                    return self._end(error)
            except Exception as error:  # noqa: BLE001 - raised again where the work is
                return self._end(error)
            else:
                last, wait = time.monotonic(), EVERY_SECONDS

    def _end(self, error: BaseException) -> None:
        self._error = error
        if self._work is not None:
            self._work.cancel()
