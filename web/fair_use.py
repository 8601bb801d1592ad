"""So that nobody starves the others: rates, and a queue for answers that is fair to people."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kb.errors import BusyError, TooManyError
from kb.settings import FairUse

MINUTE = 60.0
MOST_KEYS = 20_000
"""Addresses and people that are remembered; whoever was not seen for longest is forgotten."""


class Rates:
    """Token buckets (RFC 4115's simplest): so many requests a minute, and as many at once.

    One process's own: with several web processes each allows as many.
    """

    def __init__(self, settings: FairUse) -> None:
        self._person = float(settings.requests_per_minute)
        self._address = float(settings.requests_per_minute_address)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def count_person(self, name: str) -> None:
        """A request of somebody.

        Raises:
            TooManyError: too many; it says when to come again.
        """
        self._take(f"person:{name}", self._person)

    def count_address(self, address: str) -> None:
        """A request from somewhere; raises as above."""
        self._take(f"address:{address}", self._address)

    def _take(self, key: str, a_minute: float) -> None:
        now = time.monotonic()
        left, since = self._buckets.pop(key, (a_minute, now))
        left = min(a_minute, left + (now - since) * a_minute / MINUTE)
        self._buckets[key] = (max(0.0, left - 1), now)
        if len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)
        if left < 1:
            seconds = (1 - left) * MINUTE / a_minute
            raise TooManyError(
                "Too many requests in a short time. Wait a moment.", code="rate_limited",
                seconds=seconds,
            )  # fmt: skip


class Turns:
    """A bounded queue in which people take turns: one question each, then the next of each."""

    def __init__(self, settings: FairUse) -> None:
        self._free = settings.answers_at_once
        self._most = settings.answers_waiting
        self._most_each = settings.answers_waiting_each
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """Questions in the queue."""
        return sum(map(len, self._waiting.values()))

    def check(self, person: str) -> None:
        """Whether another question of theirs could wait.

        Raises:
            TooManyError: they have enough in the queue.
            BusyError: the queue is full.
        """
        if self._free:
            return
        if len(self._waiting.get(person, ())) >= self._most_each:
            raise TooManyError(
                "Your earlier questions are still waiting for an answer.", code="rate_limited"
            )
        if self.waiting >= self._most:
            raise BusyError("Very many questions are being asked right now. Try again shortly.")

    @asynccontextmanager
    async def turn(self, person: str) -> AsyncIterator[None]:
        """Wait for one's turn, and have it; raises as :meth:`check`."""
        self.check(person)
        if self._free:
            self._free -= 1
        else:
            await self._wait(person)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, person: str) -> None:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(person, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._pass_on()  # the turn came as they left
            self._forget(person, mine)
            raise

    def _forget(self, person: str, one: asyncio.Future[None]) -> None:
        theirs = self._waiting.get(person)
        if theirs is not None and one in theirs:
            theirs.remove(one)
            if not theirs:
                del self._waiting[person]

    def _pass_on(self) -> None:
        """To whoever's turn it is next; a person who had theirs goes to the end."""
        while self._waiting:
            person, theirs = self._waiting.popitem(last=False)
            following = theirs.popleft()
            if theirs:
                self._waiting[person] = theirs
            if not following.done():
                following.set_result(None)
                return
        self._free += 1
