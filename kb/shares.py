"""Bounded shares: a pool of threads for each kind of work, in which people take turns.

The event loop waits for nothing that can take long. What does (the catalog, page pictures, password
hashes, a directory, exports) runs on threads of its own kind, so that one kind never holds up
another, and no person ever has all threads of a kind.
"""

import asyncio
import contextvars
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

from kb.errors import BusyError, RetryableError, TooManyError

ASKER: contextvars.ContextVar[str] = contextvars.ContextVar("asker", default="")
"""For whom this task works; empty for the program itself, which has threads of its own."""
Calls = SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]
END_SECONDS = 65.0
"""Seconds that the end of a pool waits for its threads: a writer waits 60 s for a locked
catalog."""
T = TypeVar("T")
P = ParamSpec("P")


class FairQueue:
    """A bounded queue in which people take turns: one each, then the next of each.

    ``at_once`` turns are had side by side, at most ``each`` of them by one person.
    """

    def __init__(self, at_once: int, each: int, waiting: int, waiting_each: int) -> None:
        self._free = at_once
        self._each = each
        self._most = waiting
        self._most_each = waiting_each
        self._having: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    def check(self, person: str) -> None:
        """Whether one more of theirs could wait.

        Raises:
            TooManyError: they have enough in the queue.
            BusyError: the queue is full.
        """
        if self._may_begin(person):
            return
        if len(self._waiting.get(person, ())) >= self._most_each:
            raise TooManyError(
                "Your earlier requests are still waiting for an answer.", code="rate_limited"
            )
        if self.waiting >= self._most:
            raise BusyError("Very many people want this right now. Try again shortly.")

    @asynccontextmanager
    async def turn(self, person: str) -> AsyncIterator[None]:
        """Wait for one's turn, and have it; raises as :meth:`check`."""
        await self.enter(person)
        try:
            yield
        finally:
            self.leave(person)

    async def enter(self, person: str) -> None:
        """Wait for one's turn; :meth:`leave` ends it. Raises as :meth:`check`."""
        self.check(person)
        if self._may_begin(person):
            self._begin(person)
        else:
            await self._wait(person)

    def leave(self, person: str) -> None:
        """End one's turn."""
        self._free += 1
        self._having[person] -= 1
        if not self._having[person]:
            del self._having[person]
        self._pass_on()

    def _may_begin(self, person: str) -> bool:
        return self._free > 0 and self._having[person] < self._each

    def _begin(self, person: str) -> None:
        self._free -= 1
        self._having[person] += 1

    async def _wait(self, person: str) -> None:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(person, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self.leave(person)  # the turn came as they left
            self._forget(person, mine)
            raise

    def _forget(self, person: str, one: "asyncio.Future[None]") -> None:
        theirs = self._waiting.get(person)
        if theirs is not None and one in theirs:
            theirs.remove(one)
            if not theirs:
                del self._waiting[person]

    def _pass_on(self) -> None:
        """To whoever's turn it is next; a person who had theirs goes to the end."""
        while self._free:
            person = next((p for p in self._waiting if self._having[p] < self._each), None)
            if person is None:
                return
            theirs = self._waiting.pop(person)
            following = theirs.popleft()
            if theirs:
                self._waiting[person] = theirs
            if not following.done():
                self._begin(person)
                following.set_result(None)


class Threads:
    """Threads that take calls, started as they are needed. They end with the process.

    The library's pool waits for its threads when the process ends: one that hangs would keep it.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._calls: Calls = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._count = 0

    def submit(self, call: Callable[[], T]) -> "Future[T]":
        """Have it called; the future has what it returned or raised."""
        future: Future[T] = Future()
        with self._lock:
            self._calls.put((future, call))
            if not self._idle.acquire(blocking=False) and self._count < self._most:
                self._count += 1
                name = f"{self._name}-{self._count}"
                work = partial(_work, self._calls, self._idle)
                threading.Thread(target=work, name=name, daemon=True).start()
        return future

    def close(self) -> None:
        """Let the threads go when they have done what waits; a later call starts new ones."""
        with self._lock:
            for _ in range(self._count):
                self._calls.put(None)
            self._begin()


def _work(calls: Calls, idle: threading.Semaphore) -> None:
    while (item := calls.get()) is not None:
        future, call = item
        if future.set_running_or_notify_cancel():
            _settle(future, call)
        del future, call, item
        idle.release()


def _settle(future: "Future[Any]", call: Callable[[], Any]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - whoever waits for the future gets it
        future.set_exception(error)


async def _to_its_end(working: "asyncio.Future[T]") -> T:
    """Wait for what the program has begun, though the task be cancelled: more builds on it."""
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working}, timeout=END_SECONDS)
        raise


class Share:
    """Threads for one kind of work.

    ``threads`` calls run side by side, at most ``each`` of one person (see ``ASKER``). What a
    person waits for ends after ``seconds`` with a RetryableError of ``code``; its thread goes on,
    and is the person's until it has ended. The program itself has as many threads more.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        each: int,
        *,
        waiting: int = 2000,
        waiting_each: int = 200,
        seconds: float = 60.0,
        code: str = "unavailable",
    ) -> None:
        self._name = name
        self._queue = FairQueue(threads, each, waiting, waiting_each)
        self._people = Threads(f"kb-{name}", threads)
        self._own = Threads(f"kb-own-{name}", threads)
        self._seconds = seconds
        self._code = code

    async def run(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """What the call returns, from a thread.

        Raises:
            TooManyError: the person has enough waiting.
            BusyError: too many wait.
            RetryableError: it took too long.
        """
        context = contextvars.copy_context()
        work: Callable[[], T] = partial(context.run, partial(call, *arguments, **named))
        person = ASKER.get()
        if not person:
            return await _to_its_end(asyncio.wrap_future(self._own.submit(work)))
        try:
            async with asyncio.timeout(self._seconds):
                return await self._in_turn(person, work)
        except TimeoutError as error:
            raise RetryableError(
                f"This took longer than {self._seconds:g} s ({self._name}). Try again shortly.",
                code=self._code,
            ) from error

    async def _in_turn(self, person: str, work: Callable[[], T]) -> T:
        await self._queue.enter(person)
        loop = asyncio.get_running_loop()
        working = self._people.submit(work)
        working.add_done_callback(lambda _: self._ended(loop, person))
        return await asyncio.wrap_future(working)

    def _ended(self, loop: asyncio.AbstractEventLoop, person: str) -> None:
        """The thread is free, whether or not somebody still waited for it."""
        try:
            loop.call_soon_threadsafe(self._queue.leave, person)
        except RuntimeError:  # the loop has ended, and whoever waited with it
            self._queue.leave(person)

    def close(self) -> None:
        """Let the threads go."""
        self._people.close()
        self._own.close()
