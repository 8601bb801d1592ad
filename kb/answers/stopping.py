"""An answer that its asker stops: what is awaited is given up, what has come stays."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, TypeVar

from kb.types.asking import Stop

T = TypeVar("T")


async def until(stop: Stop | None, pieces: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """The pieces that come before ``stop`` is set, also where none comes for long."""
    if stop is None:
        async for piece in pieces:
            yield piece
        return
    stopping = asyncio.ensure_future(stop.wait())
    try:
        while not stop.is_set():
            try:
                yield await _next(pieces, stopping)
            except (StopAsyncIteration, _StoppedError):
                return
    finally:
        stopping.cancel()


class _StoppedError(Exception):
    """What was awaited is not wanted any more."""


async def _next(pieces: AsyncIterator[T], stopping: "asyncio.Future[Any]") -> T:
    """The next piece, awaited in the task that awaited the one before it."""
    is_awaited = True

    def give_up(_: object) -> None:
        if is_awaited:
            limit.reschedule(asyncio.get_running_loop().time())

    try:
        async with asyncio.timeout(None) as limit:
            stopping.add_done_callback(give_up)
            try:
                return await anext(pieces)
            finally:
                is_awaited = False
                stopping.remove_done_callback(give_up)
    except TimeoutError:
        if limit.expired():
            raise _StoppedError from None
        raise
