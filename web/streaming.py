"""Server-sent events that keep their connection alive."""

import asyncio
from collections.abc import AsyncGenerator

KEEP_ALIVE_SECONDS = 15.0
"""Proxies close a connection that is silent: nginx after 60 s, others after 30."""
COMMENT = ": working\n\n"
"""A line that every reader of server-sent events passes over."""


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
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await events.aclose()
