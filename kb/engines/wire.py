"""HTTP over a Unix socket, read by httptools: a fifteenth of what a call costs by httpx.

The figures are in docs/benchmarks.md, under Search.

Connections stay open. Each has one call at a time; another call at the same time has another one.
"""

import asyncio
from pathlib import Path
from typing import cast

import httptools

MOST = 64
"""Connections that one client has at most; calls beyond wait for one."""


class Wire:
    """The connections of one client to one socket; it belongs to one event loop."""

    def __init__(self, socket: Path) -> None:
        self._socket = str(socket)
        self._resting: list[_Connection] = []
        self._room = asyncio.Semaphore(MOST)

    async def post(self, call: str, body: bytes, seconds: float) -> tuple[int, bytes]:
        """Status and body of an answer.

        Raises:
            TimeoutError: it did not come in so many seconds.
            ConnectionError: nobody is there; or who was has gone, or speaks no HTTP.
        """
        async with asyncio.timeout(seconds), self._room:
            connection = await self._connection()
            try:
                answer = await connection.post(call, body)
            except BaseException:
                connection.close()
                raise
        if connection.is_open:
            self._resting.append(connection)
        return answer

    async def _connection(self) -> "_Connection":
        while self._resting:
            connection = self._resting.pop()
            if connection.is_open:
                return connection
        loop = asyncio.get_running_loop()
        try:
            _, made = await loop.create_unix_connection(_Connection, self._socket)
        except OSError as error:
            raise ConnectionError(f"nobody is at {self._socket}: {error}") from error
        return made

    def close(self) -> None:
        """Close every connection that rests."""
        while self._resting:
            self._resting.pop().close()


class _Connection(asyncio.Protocol):
    """One connection; httptools calls its ``on_…`` methods."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []

    @property
    def is_open(self) -> bool:
        """Whether another call may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """End it, and what is being waited for."""
        if self._transport is not None:
            self._transport.abort()

    async def post(self, call: str, body: bytes) -> tuple[int, bytes]:
        """Send a call and wait for its answer."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        head = f"POST /{call} HTTP/1.1\r\nhost: engine\r\ncontent-length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)
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
