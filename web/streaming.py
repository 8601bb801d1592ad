"""Server-sent events that keep their connection alive."""

import asyncio
from collections.abc import AsyncGenerator

KEEP_ALIVE_SECONDS = 15.0
"""Proxies close a connection that is silent: nginx after 60 s, others after 30."""
COMMENT = ": working\n\n"
"""A line that every reader of server-sent events passes over."""
CLOSING: set["asyncio.Future[None]"] = set()
"""Streams whose readers have left, until they are closed."""


async def kept_alive(
    events: AsyncGenerator[str, None], seconds: float = KEEP_ALIVE_SECONDS
) -> AsyncGenerator[str, None]:
    """The events, and a comment after each ``seconds`` without one."""
    coming: asyncio.Future[str] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait({coming}, timeout=seconds)
            if not done:
                yield COMMENT
                continue
            try:
                event = coming.result()
            except StopAsyncIteration:
                return
            coming = None
            yield event
    finally:
        # In a task of its own: the framework cancels whoever leaves again and again, and what is
        # being closed here has to come to its end.
        closing = asyncio.ensure_future(_closed(coming, events))
        CLOSING.add(closing)
        closing.add_done_callback(CLOSING.discard)
        await asyncio.shield(closing)


async def _closed(coming: "asyncio.Future[str] | None", events: AsyncGenerator[str, None]) -> None:
    if coming is not None:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
    await events.aclose()
