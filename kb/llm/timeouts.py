"""Time limits for a stream: to its first item, and between two."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from kb.errors import ModelError

T = TypeVar("T")


async def watched(
    items: AsyncIterator[T], first_seconds: float, next_seconds: float
) -> AsyncIterator[T]:
    """The items, as long as they keep coming.

    Raises:
        ModelError: nothing came for too long.
    """
    seconds = first_seconds
    while True:
        try:
            # Not wait_for: before Python 3.12 it swallows a cancellation that meets an item.
            async with asyncio.timeout(seconds):
                item = await anext(items)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise ModelError(
                f"The language model was silent for {seconds:g} s.", code="model_silent"
            ) from error
        yield item
        seconds = next_seconds
