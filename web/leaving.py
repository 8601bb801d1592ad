"""What a client asked for is not worked on once it has left."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from litestar import Request

from kb.errors import UsageError

T = TypeVar("T")


async def unless_gone(request: Request[Any, Any, Any], work: Coroutine[Any, Any, T]) -> T:
    """What the work returns; it is cancelled at once when the client leaves (R19).

    Raises:
        UsageError: the client has left; nobody reads this.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return await working
        raise UsageError("The client has left.", code="client_left")
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(request: Request[Any, Any, Any]) -> None:
    """Returns when the client has gone. The body has been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
