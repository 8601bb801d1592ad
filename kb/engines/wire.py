"""HTTP over a Unix socket, read by httptools: a fifteenth of what a call costs by httpx.

The figures are in docs/benchmarks.md, under Search.

Connections stay open. Each has one call at a time; another call at the same time has another one.
"""

import asyncio
import math
import time
from pathlib import Path
from typing import cast

import httptools

MOST = 64
"""Connections that one client has at most; calls beyond wait for one."""


class Wire:
    """The connections of one client to one place, a socket; it belongs to one event loop."""

    _rest_seconds = math.inf
    """A connection that has rested for longer is not used any more."""

    def __init__(self, place: Path | str) -> None:
        self._place = str(place)
        self._resting: list[Connection] = []
        self._room = asyncio.Semaphore(MOST)

    async def post(self, call: str, body: bytes, seconds: float | None) -> tuple[int, bytes]:
        """Status and body of an answer; ``seconds``: None where the caller has a limit.

        Raises:
            TimeoutError: it did not come in so many seconds.
            ConnectionError: nobody is there; or who was has gone, or speaks no HTTP.
        """
        async with asyncio.timeout(seconds), self._room:
            connection = await self._connection()
            try:
                answer = await connection.ask(self._head(call, len(body)) + body)
            except BaseException:
                connection.close()
                raise
        if connection.is_open:
            self._resting.append(connection)
        return answer

    async def _connection(self) -> "Connection":
        while self._resting:
            connection = self._resting.pop()
            if connection.is_open and connection.rested_seconds < self._rest_seconds:
                return connection
            connection.close()
        return await self._opened()

    async def _opened(self) -> "Connection":
        """A new connection; raises ``ConnectionError``."""
        loop = asyncio.get_running_loop()
        try:
            _, made = await loop.create_unix_connection(Connection, self._place)
        except OSError as error:
            raise ConnectionError(f"nobody is at {self._place}: {error}") from error
        return made

    def _head(self, call: str, length: int) -> bytes:
        """What stands before a call's body."""
        return f"POST /{call} HTTP/1.1\r\nhost: engine\r\ncontent-length: {length}\r\n\r\n".encode()

    def close(self) -> None:
        """Close every connection that rests."""
        while self._resting:
            self._resting.pop().close()


class Connection(asyncio.Protocol):
    """One connection; httptools calls its ``on_…`` methods. ``largest``: bytes of an answer."""

    def __init__(self, largest: float = math.inf) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._largest = largest
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._size = 0
        self._since = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Whether another call may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def rested_seconds(self) -> float:
        """Seconds since the last answer was whole, or since it was opened."""
        return time.monotonic() - self._since

    def close(self) -> None:
        """End it, and what is being waited for."""
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and wait for its answer."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Calls can be sent."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"no HTTP: {error}"))
            self.close()

    def on_body(self, body: bytes) -> None:
        """A part of an answer's body."""
        self._parts.append(body)
        self._size += len(body)
        if self._size > self._largest:
            self._fail(ConnectionError(f"an answer of more than {self._largest:g} bytes"))
            self.close()

    def on_message_complete(self) -> None:
        """An answer is whole."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), b"".join(self._parts)))
        if self._parser.should_keep_alive():
            self._begin()
        else:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """No answer comes any more."""
        self._fail(ConnectionError(f"the connection ended: {exc}"))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
