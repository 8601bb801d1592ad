"""``kb serve`` in several processes: a parent holds the socket, and starts those that answer at it.

The parent has no catalog and no thread. Each process is ``kb serve`` itself, so that one that is
started again reads the settings, the secrets and the program anew.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any

import click

from kb.cli.listening import listening, open_address
from kb.cli.siblings import LEAVE, READY, UP, Siblings
from kb.cli.telling import Channel, channel
from kb.errors import ConfigurationError, KbError
from kb.settings import Settings
from kb.settings.people import Server

FIRST_SECONDS, LONGEST_SECONDS = 1.0, 60.0
"""The wait before a process is started again that ended before it answered, twice as long after
each further one; and the longest wait. One that had answered is started again at once."""
READY_SECONDS = 600.0
"""Seconds that a new process has until it can search, when it is to replace another."""
END_SECONDS = 45.0
"""Seconds that processes have to end by themselves before they are killed."""
log = logging.getLogger("kb.serving")


async def serve(settings: Settings, arguments: Sequence[str]) -> None:
    """Serve by so many processes as the settings say; ``arguments`` are those that were typed.

    Raises:
        ConfigurationError: the catalog is SQLite's; or the address cannot be used.
        KbError: the first process could not begin.
    """
    check_shareable(settings)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    with (
        _listening(settings.server) as sockets,
        tempfile.TemporaryFile() as worker,
        tempfile.TemporaryDirectory(prefix="kb-metrics-") as metrics,
    ):
        numbers = [one.fileno() for one in sockets]
        starter = Starter(arguments, numbers, worker.fileno(), metrics)
        await WebProcesses(settings.server.processes, starter.start).until_stopped()


def check_shareable(settings: Settings) -> None:
    """Check that several processes can serve this catalog.

    Raises:
        ConfigurationError: they cannot.
    """
    if settings.catalog_url.startswith("sqlite"):
        raise ConfigurationError(
            f"{settings.server.processes} web processes need a catalog in PostgreSQL, and this one "
            "is SQLite's: one process serves it. Leave server.processes (--processes) at 1, or "
            "name a database in catalog.url (kb backup and kb restore bring a catalog there).",
            code="processes_need_postgresql",
            detail={"processes": settings.server.processes},
        )


@contextlib.contextmanager
def _listening(server: Server) -> Iterator[list[socket.socket]]:
    with listening(server) as given:
        if given is not None:
            yield given
            return
        with open_address(server) as opened:
            yield [opened]


class OneProcess:
    """A web process as its parent sees it."""

    def __init__(
        self, child: asyncio.subprocess.Process, ours: socket.socket, told: Channel,
        held: contextlib.ExitStack,
    ) -> None:  # fmt: skip
        self._child = child
        self._told = told
        self._held = held
        self._ours = ours
        self.pid = child.pid
        self.is_wanted = True
        """Whether another takes its place when it ends."""
        self.up = asyncio.Event()
        self.ready = asyncio.Event()
        self.ended = asyncio.Event()
        self.error: KbError | None = None
        """What it has ended with, once it has."""
        self._following = asyncio.create_task(self._follow())

    @property
    def code(self) -> int:
        """With what it has ended; the number of a signal below 0."""
        return self._child.returncode or 0

    def leave(self) -> None:
        """Have it end when its answers are written: another has taken its place."""
        self.is_wanted = False
        with contextlib.suppress(OSError):  # it has ended
            self._ours.send(LEAVE)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, where it has not ended."""
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(number)

    def close(self) -> None:
        """Let go of what is held open for it."""
        self._held.close()

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while word := await loop.sock_recv(self._ours, 1):
                {UP: self.up, READY: self.ready}[word].set()
        await self._child.wait()
        self.error = self._told.error(self.code)
        self.ended.set()


class Starter:
    """Starts web processes that share these open files."""

    def __init__(
        self, arguments: Sequence[str], sockets: list[int], worker: int, metrics: str
    ) -> None:
        self._arguments = arguments
        self._sockets = sockets
        self._worker = worker
        self._metrics = metrics

    async def start(self, *, announces: bool) -> OneProcess:
        """One more; ``announces``: it says where the service is."""
        held = contextlib.ExitStack()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        held.enter_context(ours)
        told = held.enter_context(channel())
        beside = Siblings(self._sockets, self._worker, theirs.fileno(), self._metrics, announces)
        with theirs:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "kb", *self._arguments,
                env=os.environ | beside.environment | told.environment,
                pass_fds=(*beside.numbers, told.writing),
                start_new_session=True,  # a terminal's Ctrl-C is for the parent
            )  # fmt: skip
        held.callback(_forget_figures, self._metrics, child.pid)
        return OneProcess(child, ours, told, held)


def _forget_figures(folder: str, pid: int) -> None:
    from kb.metrics import forget  # its library is not needed before a process has ended

    forget(folder, pid)


class WebProcesses:
    """Keeps so many processes until it is told to stop; replaces all of them when told to."""

    def __init__(self, count: int, start: Callable[..., Awaitable[OneProcess]]) -> None:
        self._count = count
        self._start = start
        self._living: list[OneProcess] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._replacing = asyncio.Lock()
        self._early = 0

    async def until_stopped(self) -> None:
        """Serve.

        Raises:
            KbError: the first process could not begin.
        """
        self._heed_signals()
        try:
            await self._begin()
            await self._stop.wait()
        finally:
            await self._end()

    def _heed_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._told_to_stop)
        if not os.isatty(0):  # there it means that the terminal is closed
            loop.add_signal_handler(signal.SIGHUP, self._told_to_replace)

    def _told_to_stop(self) -> None:
        if self._stop.is_set():  # told twice
            for one in self._living:
                one.send(signal.SIGKILL)
        self._stop.set()

    def _told_to_replace(self) -> None:
        self._beside(self._replace_all())

    async def _begin(self) -> None:
        """The first alone: it makes or migrates the catalog, and says what is wrong here."""
        first = await self._one_more(announces=True, wanted=False)
        await self._until(first.up, first)
        if first.error is not None and not first.up.is_set():
            raise first.error
        first.is_wanted = True
        for _ in range(self._count - 1):
            await self._one_more()

    async def _one_more(self, *, announces: bool = False, wanted: bool = True) -> OneProcess:
        one = await self._start(announces=announces)
        one.is_wanted = wanted
        self._living.append(one)
        self._beside(self._watch(one))
        return one

    async def _watch(self, one: OneProcess) -> None:
        """When a process ends that is still wanted, another takes its place."""
        await one.ended.wait()
        self._living.remove(one)
        if self._stop.is_set():
            return
        one.close()
        if one.is_wanted:
            log.warning("web process %d ended (%d): another is started", one.pid, one.code)
            await self._again(was_up=one.up.is_set())

    async def _again(self, *, was_up: bool) -> None:
        self._early = 0 if was_up else self._early + 1
        if self._early:
            wait = min(FIRST_SECONDS * 2.0 ** (self._early - 1), LONGEST_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stop.wait()
        if not self._stop.is_set():
            await self._one_more()

    async def _replace_all(self) -> None:
        """One after the other: a new one can search before an old one leaves."""
        async with self._replacing:
            for old in list(self._living):
                if not await self._is_replaced(old):
                    log.error("the web processes of before go on: a new one cannot search")
                    return
        click.echo("Every web process was replaced.", err=True)

    async def _is_replaced(self, old: OneProcess) -> bool:
        new = await self._one_more(wanted=False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                await self._until(new.ready, new)
        if not new.ready.is_set():
            new.leave()
            return False
        if old.ended.is_set():  # and another was started in its place
            new.leave()
            return True
        new.is_wanted = True
        old.leave()
        await self._until(old.ended, old)
        return True

    async def _until(self, event: asyncio.Event, one: OneProcess) -> None:
        """Wait until it happens, or the process ends, or all are told to stop."""
        waits = [asyncio.create_task(e.wait()) for e in (event, one.ended, self._stop)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _end(self) -> None:
        """Have every process end; each answers what is under way."""
        self._stop.set()
        ending = list(self._living)
        for one in ending:
            one.send(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await asyncio.gather(*(one.ended.wait() for one in ending))
        for one in ending:
            one.send(signal.SIGKILL)
            await one.ended.wait()
            one.close()
        for task in self._tasks:
            task.cancel()

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
