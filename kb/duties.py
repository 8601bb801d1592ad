"""Duties: work that goes on beside the rest until it is told to stop, whatever fails in it.

Every task that ``kb serve`` and ``kb worker`` begin for good is one: an error that nobody expected
is logged with its traceback, and after a wait, longer with each failure, the work begins again.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kb.errors import KbError

FIRST_SECONDS, LONGEST_SECONDS = 2.0, 60.0
"""The wait after the first failure, and the longest one; each is twice the one before."""
SETTLED_SECONDS = 60.0
"""What has worked for so long after a failure is well again."""
WORKER = "worker"
"""The duty that reads sources."""
log = logging.getLogger("kb.duties")


@dataclass(frozen=True, slots=True)
class DutyHealth:
    """How a duty fares.

    ``state``: idle (not begun yet), ok, failing (it is tried again and again), stopped (it has
    ended).
    """

    state: str
    failures: int = 0
    failing_seconds: float = 0.0

    @property
    def is_up(self) -> bool:
        """Whether the work is done, as far as anybody knows."""
        return self.state in {"idle", "ok"}


@dataclass(slots=True)
class _Duty:
    begun_at: float
    failures: int = 0
    failing_since: float = 0.0
    has_ended: bool = False

    def health(self) -> DutyHealth:
        if self.has_ended:
            return DutyHealth("stopped", self.failures)
        if not self.failures or self.is_settled():
            return DutyHealth("ok")
        return DutyHealth("failing", self.failures, round(time.monotonic() - self.failing_since, 1))

    def is_settled(self) -> bool:
        return time.monotonic() - self.begun_at > SETTLED_SECONDS

    def failed(self) -> float:
        """Note a failure; returns how many seconds to wait."""
        if not self.failures or self.is_settled():
            self.failures, self.failing_since = 0, time.monotonic()
        self.failures += 1
        return min(FIRST_SECONDS * 2.0 ** min(self.failures - 1, 30), LONGEST_SECONDS)


class Duties:
    """The duties of one process, by name."""

    def __init__(self) -> None:
        self._known: dict[str, _Duty] = {}
        self.is_ending = False
        """Whether the process was told to stop, and answers what is under way."""

    def health(self, name: str) -> DutyHealth:
        """How one of them fares."""
        found = self._known.get(name)
        return found.health() if found else DutyHealth("idle")

    async def keep(
        self, name: str, work: Callable[[], Awaitable[None]], stop: asyncio.Event | None = None
    ) -> None:
        """Do the work until it returns; with ``stop``, until that is set."""
        duty = self._known[name] = _Duty(time.monotonic())
        until = stop or asyncio.Event()
        try:
            while not until.is_set():
                duty.begun_at = time.monotonic()
                if await _is_done(name, work) and (stop is None or stop.is_set()):
                    return
                wait = duty.failed()
                duty.begun_at = time.monotonic() + wait
                await passed(until, wait)
        finally:
            duty.has_ended = True


async def passed(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but no longer than until ``stop`` is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _is_done(name: str, work: Callable[[], Awaitable[None]]) -> bool:
    try:
        await work()
    except KbError as error:
        log.warning("%s: begins again in a moment: %s (%s)", name, error.message, error.code)
    except Exception:  # without it nothing would do this work any more, and nobody would know
        log.exception("%s: begins again in a moment after an unexpected error", name)
    else:
        return True
    return False
