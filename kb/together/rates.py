"""Requests, counted across every web process: a bucket of tokens for each person and address."""

import asyncio
import logging
import time

from kb.catalog import rates
from kb.catalog.database import Catalog
from kb.errors import RetryableError, TooManyError
from kb.shares import Share

LOCK_MILLISECONDS = 500
"""Milliseconds that a request waits at most for others who are counted just then."""
ALONE_SECONDS = 15.0
"""Seconds for which each process counts for itself after the catalog could not be written."""
CLEAR_SECONDS = 60.0
"""Seconds between two times that a process forgets full buckets."""
THREADS = 8
"""Requests that are counted side by side by one process."""
log = logging.getLogger("kb.together")


def too_many(left: float, a_minute: float) -> TooManyError:
    """The refusal of a request by a bucket that has ``left`` tokens, less than one."""
    return TooManyError(
        "Too many requests in a short time. Wait a moment.", code="rate_limited",
        seconds=(1 - left) * rates.MINUTE / a_minute,
    )  # fmt: skip


class SharedRates:
    """Counts the requests of one process where every process counts."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._threads = Share("counting", THREADS, THREADS, code="catalog_unavailable")
        self._alone_until = 0.0
        self._cleared = time.monotonic()

    async def count(self, a_minute: dict[str, float]) -> None:
        """Count a request against buckets, each of which may have so many a minute.

        While the catalog cannot be written nothing is refused here: reading needs no writing.

        Raises:
            TooManyError: one of them is empty; it says when to come again.
        """
        if time.monotonic() < self._alone_until:
            return
        try:
            left = await self._threads.run(self._take, a_minute)
        except RetryableError as error:
            self._alone_until = time.monotonic() + ALONE_SECONDS
            log.warning("requests are counted by this process alone: %s", error.message)
            return
        short = {key: tokens + 1 for key, tokens in left.items() if tokens < 0}
        for key, tokens in short.items():
            raise too_many(tokens, a_minute[key])

    def _take(self, a_minute: dict[str, float]) -> dict[str, float]:
        with self._catalog.writing() as connection:
            rates.wait_no_longer_than(connection, LOCK_MILLISECONDS)
            left = rates.take(connection, a_minute)
            if time.monotonic() - self._cleared > CLEAR_SECONDS:
                self._cleared = time.monotonic()
                rates.clear_up(connection)
            return left

    async def close(self) -> None:
        """Let the threads go."""
        await asyncio.to_thread(self._threads.close)
