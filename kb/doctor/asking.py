"""How parts are looked at: side by side, each for so long and no longer."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from kb.catalog import looking
from kb.catalog.looking import Looked
from kb.doctor.findings import Finding
from kb.errors import KbError
from kb.settings import Settings

T = TypeVar("T")
SECONDS = 2.0
"""For which a part of another machine, or another process, is waited for."""
GRACE_SECONDS = 1.0
"""Seconds more, in which a look ends by its own limit and says more than that it was silent."""


class Asked:
    """What looks have in common: the settings, and the catalog, which is looked at once.

    ``probing``: the language model is asked for a word, since only that shows that it answers.
    """

    def __init__(self, settings: Settings, *, probing: bool) -> None:
        self.settings = settings
        self.probing = probing
        self._looked: asyncio.Future[Looked | None] | None = None

    async def catalog(self) -> Looked | None:
        """What the catalog says; None where there is none yet.

        Raises:
            KbError: it does not answer, or is damaged.
        """
        if self._looked is None:
            look = partial(looking.look, self.settings, SECONDS)
            self._looked = asyncio.ensure_future(aside(look))
        return await asyncio.shield(self._looked)


Look = Callable[[Asked], Awaitable[Iterable[Finding]]]


@dataclass(frozen=True, slots=True)
class Part:
    """A part, how it is looked at, and the seconds that this may take."""

    name: str
    look: Look
    seconds: float = SECONDS


async def everything(asked: Asked, parts: Sequence[Part]) -> list[Finding]:
    """What is found of each part, in the order of the parts."""
    found = await asyncio.gather(*(_one(asked, part) for part in parts))
    return [finding for of_part in found for finding in of_part]


async def _one(asked: Asked, part: Part) -> list[Finding]:
    try:
        async with asyncio.timeout(part.seconds + GRACE_SECONDS):
            return list(await part.look(asked))
    except TimeoutError:
        seconds = {"seconds": f"{part.seconds:g}"}
        return [Finding(part=part.name, state="wrong", code="silent", detail=seconds)]
    except KbError as error:
        return [Finding(part=part.name, state="wrong", error=error)]
    except OSError as error:
        detail = {"reason": error.strerror or str(error)}
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


class Watch:
    """Milliseconds since it was made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    @property
    def milliseconds(self) -> float:
        """How many have gone by."""
        return round((time.monotonic() - self._begun) * 1000, 1)
