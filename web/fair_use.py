"""So that nobody starves the others: rates, turns at the model, and threads of each kind."""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from kb.settings import FairUse
from kb.shares import FairQueue, Share
from kb.together.rates import SharedRates, too_many
from kb.types.asking import Stop

MINUTE = 60.0
"""Seconds of a minute."""
MOST_KEYS = 20_000
"""Most addresses and people that are remembered; who was not seen for longest is forgotten."""


class Rates:
    """Token buckets (RFC 4115's simplest): so many requests a minute, and as many at once.

    They are this process's own; ``shared`` are those of every process, where there may be several.
    """

    def __init__(self, settings: FairUse, shared: SharedRates | None = None) -> None:
        self._shared = shared
        self._person = float(settings.requests_per_minute)
        self._address = float(settings.requests_per_minute_address)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def count(self, address: str, name: str | None, *, alone: bool = False) -> None:
        """A request of somebody (None: of nobody that is known) from somewhere.

        ``alone``: it is not counted where every process counts.

        Raises:
            TooManyError: too many; it says when to come again.
        """
        self.count_address(address)
        if name is not None:
            self.count_person(name)
        if self._shared is not None and not alone:
            await self._shared.count(self._buckets_of(address, name))

    def _buckets_of(self, address: str, name: str | None) -> dict[str, float]:
        """The buckets that a request takes from, each with how many it may have a minute."""
        theirs = {} if name is None else {f"person:{name}": self._person}
        return {f"address:{address}": self._address, **theirs}

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
            raise too_many(left, a_minute)


class AnswerTurns(Protocol):
    """Turns at the language model: so many answers at once, and a queue that is fair to people."""

    async def admit(self, person: str) -> None:
        """Check that one more answer of theirs could begin, or wait.

        Raises:
            TooManyError: they have enough in the queue.
            BusyError: the queue is full.
        """

    def turn(
        self, person: str, word: str | None = None, stop: Stop | None = None
    ) -> AbstractAsyncContextManager[None]:
        """Wait for one's turn, and have it; raises as :meth:`admit`.

        ``stop`` is set when the asker says the ``word``, to whichever process.
        """

    async def stop(self, person: str, word: str) -> bool:
        """Stop an answer of another process; False where none is being written by this word."""

    async def count_waiting(self) -> int:
        """How many wait."""


class Turns(FairQueue):
    """Turns of the one process that there is."""

    def __init__(self, settings: FairUse) -> None:
        super().__init__(
            settings.answers_at_once,
            settings.answers_at_once,
            settings.answers_waiting,
            settings.answers_waiting_each,
        )

    async def admit(self, person: str) -> None:
        """Check that one more answer of theirs could begin, or wait; raises as :meth:`check`."""
        self.check(person)

    @asynccontextmanager
    async def turn(
        self,
        person: str,
        word: str | None = None,  # noqa: ARG002 - web/stopping.py finds it in this process
        stop: Stop | None = None,  # noqa: ARG002
    ) -> AsyncIterator[None]:
        """Wait for one's turn, and have it; raises as :meth:`check`."""
        async with super().turn(person):
            yield

    async def stop(self, person: str, word: str) -> bool:  # noqa: ARG002 - there is no other process
        """Nothing: there is no other process."""
        return False

    async def count_waiting(self) -> int:
        """How many wait."""
        return self.waiting


class Shares:
    """Threads for each kind of work that takes long; nobody ever has all of a kind.

    ``looks``: the audit log's. ``directory``: LDAP. ``passwords``: signing in (argon2 takes
    64 MiB a hash, and a directory may be slow). ``pictures``: pages drawn. ``files``: originals and
    looks at folders, which may lie on a share. ``exports``: long lists.
    """

    def __init__(self) -> None:
        self.looks = Share("looks", 4, 3, code="audit_unavailable")
        self.directory = Share("directory", 4, 1, code="directory_unavailable")
        self.passwords = Share("passwords", 6, 2, waiting=60, waiting_each=6)
        self.pictures = Share("pictures", 2, 1, waiting=200, waiting_each=40, seconds=120.0)
        self.files = Share("files", 4, 2, waiting=200, waiting_each=40, seconds=120.0)
        self.exports = Share("exports", 2, 1, waiting=20, waiting_each=2, seconds=600.0)

    def close(self) -> None:
        """Let the threads go."""
        for share in vars(self).values():
            share.close()
