"""How parts are looked at: side by side, each for so long and no longer."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import httpx

from kb.catalog import looking
from kb.catalog.looking import Looked
from kb.doctor.findings import Finding
from kb.errors import KbError
from kb.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for which a part is waited for.

    ``connecting``: for a host that takes no connection; one that refuses it is known at once.
    ``answering``: for what is there and slow. ``whole``: for a look with all that it does; its own
    limits come first, and say more than that it was silent.
    """

    connecting: float = 3.0
    answering: float = 10.0
    whole: float = 30.0

    def of_http(self) -> httpx.Timeout:
        """The limits of a request over HTTP."""
        return httpx.Timeout(self.answering, connect=self.connecting)


USUAL = Patience()


class Examined:
    """What looks have in common: the settings, and the catalog, which is looked at once.

    ``probing``: the language model is asked for a word, since only that shows that it answers.
    """

    def __init__(self, settings: Settings, *, probing: bool, patience: Patience = USUAL) -> None:
        self.settings = settings
        self.probing = probing
        self.patience = patience
        self._looked: asyncio.Future[Looked | None] | None = None

    async def catalog(self) -> Looked | None:
        """What the catalog says; None where there is none yet.

        Raises:
            KbError: it does not answer, or is damaged.
        """
        if self._looked is None:
            look = partial(looking.look, self.settings, self.patience.answering)
            self._looked = asyncio.ensure_future(aside(look))
        return await asyncio.shield(self._looked)


Look = Callable[[Examined], Awaitable[Iterable[Finding]]]


@dataclass(frozen=True, slots=True)
class ExaminedPart:
    """A part, and how it is looked at."""

    name: str
    look: Look


async def everything(asked: Examined, parts: Sequence[ExaminedPart]) -> list[Finding]:
    """What is found of each part, in the order of the parts."""
    found = await asyncio.gather(*(_one(asked, part) for part in parts))
    return [finding for of_part in found for finding in of_part]


async def _one(asked: Examined, part: ExaminedPart) -> list[Finding]:
    watch = Stopwatch()
    try:
        async with asyncio.timeout(asked.patience.whole):
            return list(await part.look(asked))
    except TimeoutError:
        seconds = {"seconds": f"{watch.milliseconds / 1000:.0f}"}
        return [Finding(part=part.name, state="wrong", code="silent", detail=seconds)]
    except KbError as error:
        return [Finding(part=part.name, state="wrong", error=error)]
    except (OSError, ValueError) as error:  # ValueError: an address in the settings that is none
        detail = {"reason": getattr(error, "strerror", None) or str(error)}
        return [Finding(part=part.name, state="wrong", code="unreadable", detail=detail)]


async def aside(call: Callable[[], T]) -> T:
    """Run a call that may hang (a dead share, a library without a limit) on a thread of its own.

    The thread is left behind where nobody waits any more, and keeps no process from ending.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            _tell(loop, done, partial(_fail, done, error))
        else:
            _tell(loop, done, partial(_finish, done, result))

    threading.Thread(target=work, daemon=True).start()
    return await done


def _tell(
    loop: asyncio.AbstractEventLoop, done: "asyncio.Future[T]", tell: Callable[[], None]
) -> None:
    """Hand over what a call came to, where the loop still runs."""
    if not done.cancelled() and not loop.is_closed():
        loop.call_soon_threadsafe(tell)


def _finish(done: "asyncio.Future[T]", result: T) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: "asyncio.Future[T]", error: Exception) -> None:
    if not done.done():
        done.set_exception(error)


class Stopwatch:
    """Milliseconds since it was made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    @property
    def milliseconds(self) -> float:
        """How many milliseconds have gone by."""
        return round((time.monotonic() - self._begun) * 1000, 1)
