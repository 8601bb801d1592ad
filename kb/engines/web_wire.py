"""The HTTP of an engine's socket, to another host: with a key, and with TLS where it is told so.

Whom TLS trusts is whom the system trusts.
"""

import asyncio
import functools
import socket
import ssl
from functools import partial
from urllib.parse import urlsplit

from kb.engines.wire import Connection, Wire
from kb.errors import ConfigurationError

CONNECT_SECONDS = 3.0
"""Seconds in which a host has to take a connection, with TLS if there is any."""
LARGEST_ANSWER = 64_000_000
"""Bytes of an answer; 64 vectors of 1,024 numbers have a quarter of a million."""
PORTS = {"http": 80, "https": 443}
PROBES = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 15),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 30_000),
)
"""tcp(7): half a minute without a sign of life from a host ends a connection to it. A name that
this system does not know is left out."""


class WebWire(Wire):
    """The connections of one client to an address (``http://…``, ``https://…``).

    Raises:
        ConfigurationError: it is none.
    """

    _rest_seconds = 30.0
    """What stands between may have forgotten a connection that rested for longer."""

    def __init__(self, address: str, key: str) -> None:
        super().__init__(address)
        try:
            parts = urlsplit(address)
            self._port = parts.port or PORTS[parts.scheme]
        except (ValueError, KeyError) as error:
            raise ConfigurationError(f"{address} is no address: {error}.") from error
        self._host = parts.hostname or ""
        self._context = authorities() if parts.scheme == "https" else None
        self._root = parts.path.rstrip("/")
        bearer = f"authorization: Bearer {key}\r\n" if key else ""
        self._headers = f"host: {parts.netloc}\r\n{bearer}"

    async def look(self, seconds: float) -> None:
        """See that somebody answers at ``/health``, ready or not; on a connection of its own.

        Raises:
            ConnectionError: nobody does in so many seconds.
        """
        request = f"GET {self._root}/health HTTP/1.1\r\n{self._headers}\r\n".encode()
        try:
            async with asyncio.timeout(seconds):
                connection = await self._opened()
                try:
                    await connection.ask(request)
                finally:
                    connection.close()
        except TimeoutError as error:
            raise ConnectionError(f"no sign of life in {seconds:g} s") from error

    async def _opened(self) -> Connection:
        loop, made = asyncio.get_running_loop(), partial(Connection, LARGEST_ANSWER)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                transport, connection = await loop.create_connection(
                    made, self._host, self._port, ssl=self._context
                )
        except TimeoutError as error:
            raise ConnectionError(f"no connection in {CONNECT_SECONDS:g} s") from error
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that can be none
            raise ConnectionError(getattr(error, "strerror", None) or str(error)) from error
        _watch(transport.get_extra_info("socket"))
        return connection

    def _head(self, call: str, length: int) -> bytes:
        line = f"POST {self._root}/{call} HTTP/1.1\r\n"
        return f"{line}{self._headers}content-length: {length}\r\n\r\n".encode()


@functools.cache
def authorities() -> ssl.SSLContext:
    """Whom the system trusts; read once."""
    return ssl.create_default_context()


def _watch(connected: socket.socket) -> None:
    """Have the kernel find out that the other host is gone."""
    for level, name, value in PROBES:
        option = getattr(socket, name, None)
        if option is not None:
            connected.setsockopt(level, option, value)
