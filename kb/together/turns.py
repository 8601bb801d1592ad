"""Turns at the language model that every web process shares.

A turn is a row of the catalog. Its process looks a few times a second whether it has begun, and
whether its asker has stopped the answer; nobody waits in a transaction. A process holds a lease as
long as it has turns: those of one that is gone are taken away by whoever looks next.
"""

import asyncio
import contextlib
import contextvars
import logging
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from kb.catalog import leases, turns
from kb.catalog.database import Catalog, Connection
from kb.errors import BusyError, KbError, TooManyError
from kb.settings import FairUse
from kb.together import order
from kb.types.asking import Stop
from kb.types.turns import QueuedTurn, TurnBounds

LOOK_SECONDS = 0.25
"""Seconds between two looks of a process at its turns."""
SETTLE_SECONDS = 5.0
"""Seconds between two times that a process with turns says that it lives, and takes away the turns
of those that do not."""
AGAIN_SECONDS = 2.0
"""Seconds to the next look after one that failed."""
LEASE = "web:"
"""Leases of web processes that have turns; the owner follows."""
log = logging.getLogger("kb.together")


@dataclass(eq=False, slots=True)
class OwnTurn:
    """A turn of this process."""

    turn: QueuedTurn
    stop: Stop | None
    begun: asyncio.Event = field(default_factory=asyncio.Event)


class SharedTurns:
    """One process's part in the queue of all."""

    def __init__(self, catalog: Catalog, settings: FairUse) -> None:
        self._catalog = catalog
        self._bounds = TurnBounds(
            settings.answers_at_once, settings.answers_at_once,
            settings.answers_waiting, settings.answers_waiting_each,
        )  # fmt: skip
        self._process = leases.new_owner()
        self._mine: dict[str, OwnTurn] = {}
        self._left: set[str] = set()
        self._entering: set[asyncio.Future[QueuedTurn]] = set()
        self._has_entered = self._is_closed = False
        self._woken = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self._settled = 0.0

    async def admit(self, person: str) -> None:
        """Check that one more answer of theirs could begin, or wait.

        Raises:
            TooManyError: they have enough in the queue.
            BusyError: the queue is full.
        """
        try:
            await self._catalog.read(self._check, person)
        except (TooManyError, BusyError):  # a process that is gone may stand in the way
            await self._catalog.write(self._settle_and_check, person)

    @asynccontextmanager
    async def turn(
        self, person: str, word: str | None = None, stop: Stop | None = None
    ) -> AsyncIterator[None]:
        """Wait for one's turn, and have it; raises as :meth:`admit`.

        ``stop`` is set when the asker says the ``word``, to whichever process.
        """
        key = uuid.uuid4().hex
        own = OwnTurn(QueuedTurn(key, 0, 0, person, self._process, word), stop)
        await self._enter(own)
        try:
            await own.begun.wait()
            yield
        finally:
            self._leave(key)

    async def stop(self, person: str, word: str) -> bool:
        """Stop an answer of whichever process; False where none is being written by this word."""
        return await self._catalog.write(self._stop, person, word)

    async def count_waiting(self) -> int:
        """How many wait, in every process."""
        found = await self._catalog.read(self._all)
        return sum(not turn.begun for turn in found)

    async def close(self) -> None:
        """Give back what this process has, a turn among it whose row is just being written."""
        self._is_closed = True
        await asyncio.gather(*self._entering, return_exceptions=True)
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        if not self._has_entered:
            return
        try:
            await self._catalog.write(self._give_back)
        except KbError as error:  # whoever looks next sees that this process is gone
            log.warning("turns at the model cannot be given back: %s", error.message)

    async def _enter(self, own: OwnTurn) -> None:
        """Have a row; it is given back also where the asker leaves while it comes to be."""
        entering = asyncio.ensure_future(self._catalog.write(self._add, own.turn))
        self._has_entered = True
        self._entering.add(entering)
        entering.add_done_callback(self._entering.discard)
        try:
            entered = await asyncio.shield(entering)
        except asyncio.CancelledError:
            entering.add_done_callback(lambda done: self._left_meanwhile(own, done))
            raise
        self._hold(own, entered)

    def _left_meanwhile(self, own: OwnTurn, entering: "asyncio.Future[QueuedTurn]") -> None:
        if not entering.cancelled() and entering.exception() is None:
            self._hold(own, entering.result())
            self._leave(own.turn.key)

    def _hold(self, own: OwnTurn, entered: QueuedTurn) -> None:
        self._mine[own.turn.key] = own
        self._tell([entered])
        is_followed = self._following is not None and not self._following.done()
        if not is_followed and not self._is_closed:
            self._following = asyncio.get_running_loop().create_task(
                self._follow(),
                context=contextvars.Context(),  # for nobody in particular
            )

    def _leave(self, key: str) -> None:
        self._mine.pop(key, None)
        self._left.add(key)
        self._woken.set()

    async def _follow(self) -> None:
        """Look, as long as this process has turns, or has some to give back."""
        while self._mine or self._left:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._woken.wait()
            self._woken.clear()
            try:
                self._tell(await self._looked())
            except KbError as error:
                log.warning("turns at the model cannot be seen right now: %s", error.message)
                await asyncio.sleep(AGAIN_SECONDS)
            except Exception:  # those who wait would wait for ever
                log.exception("turns at the model cannot be seen right now")
                await asyncio.sleep(AGAIN_SECONDS)

    async def _looked(self) -> Sequence[QueuedTurn]:
        left = frozenset(self._left)
        if not left and time.monotonic() - self._settled < SETTLE_SECONDS:
            return await self._catalog.read(self._all)
        waiting = [own.turn for own in self._mine.values() if not own.begun.is_set()]
        found = await self._catalog.write(self._settle_mine, left, waiting)
        self._left -= left
        return found

    def _tell(self, found: Sequence[QueuedTurn]) -> None:
        """Begin those whose turn it is; stop those that were stopped."""
        for turn in found:
            own = self._mine.get(turn.key)
            if own is not None and turn.begun:
                own.begun.set()
            if own is not None and turn.stopped and own.stop is not None:
                own.stop.set()

    # What follows runs on threads of the catalog.

    def _all(self) -> list[QueuedTurn]:
        with self._catalog.reading() as connection:
            return turns.all_of(connection)

    def _check(self, person: str) -> None:
        order.check_room(self._all(), self._bounds, person)

    def _settle_and_check(self, person: str) -> None:
        with self._catalog.writing() as connection:
            turns.hold(connection)
            order.check_room(self._settle(connection), self._bounds, person)

    def _add(self, asked: QueuedTurn) -> QueuedTurn:
        with self._catalog.writing() as connection:
            number = turns.hold(connection)
            known = self._settle(connection)
            order.check_room(known, self._bounds, asked.person)
            return self._added(connection, known, asked, number)

    def _added(
        self, connection: Connection, known: Sequence[QueuedTurn], asked: QueuedTurn, number: int
    ) -> QueuedTurn:
        begun = order.may_begin(known, self._bounds, asked.person)
        position = order.position_of(known, asked.person, number)
        added = QueuedTurn(
            asked.key, number, position, asked.person, self._process, asked.word, begun
        )
        turns.add(connection, added)
        return added

    def _settle_mine(self, left: frozenset[str], waiting: Sequence[QueuedTurn]) -> list[QueuedTurn]:
        """Give back what has ended. What others took away, thinking us gone, waits once more."""
        with self._catalog.writing() as connection:
            turns.hold(connection)
            turns.remove(connection, left)
            known = self._settle(connection)
            there = {turn.key for turn in known}
            for one in waiting:
                if one.key not in there:
                    known.append(self._added(connection, known, one, turns.hold(connection)))
            return known

    def _settle(self, connection: Connection) -> list[QueuedTurn]:
        """Say that we live, take away the turns of those that do not, pass on what is free."""
        leases.take(connection, f"{LEASE}{self._process}", self._process)
        self._settled = time.monotonic()
        living = self._living(connection)
        known = turns.all_of(connection)
        turns.remove(connection, [turn.key for turn in known if turn.process not in living])
        return self._passed_on(connection, [turn for turn in known if turn.process in living])

    def _living(self, connection: Connection) -> set[str]:
        """The processes that live; the leases of others are forgotten."""
        standing = leases.standing(connection)
        web = {n.removeprefix(LEASE): lives for n, lives in standing.items() if n.startswith(LEASE)}
        for process in (process for process, lives in web.items() if not lives):
            log.warning("a web process is gone: its turns at the model are free")
            leases.release(connection, f"{LEASE}{process}", process)
        return {process for process, lives in web.items() if lives}

    def _passed_on(self, connection: Connection, known: list[QueuedTurn]) -> list[QueuedTurn]:
        while (following := order.next_one(known, self._bounds)) is not None:
            turns.begin(connection, following, turns.hold(connection))
            known = turns.all_of(connection)
        return known

    def _stop(self, person: str, word: str) -> bool:
        with self._catalog.writing() as connection:
            return turns.stop(connection, person, word)

    def _give_back(self) -> None:
        with self._catalog.writing() as connection:
            turns.hold(connection)
            ours = [t.key for t in turns.all_of(connection) if t.process == self._process]
            turns.remove(connection, ours)
            leases.release(connection, f"{LEASE}{self._process}", self._process)
            self._mine.clear()
            self._left.clear()
            self._passed_on(connection, turns.all_of(connection))
