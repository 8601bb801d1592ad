"""Connections whose requests do not arrive are ended; what makes progress goes on.

A head has to be there in time, and a body has to go on coming. A client that is gone without a word
(a cable, a laptop's lid) is found by the kernel's own probes.
"""

import asyncio
import contextlib
import socket
from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

LEAST_BYTES = 1024
"""Least bytes of a body that have to arrive in each ``arrival_seconds``."""
PROBES = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 600_000),
)
"""tcp(7): two minutes without a sign of life end a connection, ten with bytes nobody takes."""
HEAD, BODY, NOTHING = "head", "body", ""


class Punctual(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Uvicorn's protocol, which ends a connection after ``arrival_seconds`` without progress.

    When the server ends, a connection that rests may bring one more request within
    ``last_request_seconds``: whoever sends it just then is answered, not cut off.
    """

    def __init__(
        self,
        *arguments: Any,
        arrival_seconds: float,
        last_request_seconds: float = 0.0,
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self._seconds = arrival_seconds
        self._last_seconds = last_request_seconds
        self._is_last = False
        self._awaited = NOTHING
        self._arrived = 0
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """The head of the first request is awaited."""
        super().connection_made(transport)
        with contextlib.suppress(OSError, AttributeError):  # no TCP: a Unix socket, behind a proxy
            for level, option, value in PROBES:
                transport.get_extra_info("socket").setsockopt(level, option, value)
        self._await(HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._await(NOTHING)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Something arrived: see what is awaited now."""
        self._arrived += len(data)
        super().data_received(data)
        if self._is_last and self.cycle is not None:
            self.cycle.keep_alive = False
        if self.cycle is None or self.cycle.response_complete:
            wanted = HEAD
        else:
            wanted = BODY if self.cycle.more_body else NOTHING
        if wanted != self._awaited and not self.transport.is_closing():
            self._await(wanted)

    def shutdown(self) -> None:
        """The server ends: what is under way is answered, and what comes at this very moment."""
        is_resting = self.cycle is None or self.cycle.response_complete
        if is_resting and self._last_seconds and not self._is_last:
            self.loop.call_later(self._last_seconds, super().shutdown)
        else:
            super().shutdown()
        self._is_last = True

    def on_response_complete(self) -> None:
        """The connection rests: uvicorn's own time for that begins."""
        self._await(NOTHING)
        super().on_response_complete()

    def _await(self, what: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._awaited, self._arrived = what, 0
        if what != NOTHING:
            self._timer = self.loop.call_later(self._seconds, self._too_late)

    def _too_late(self) -> None:
        if self._awaited == BODY and (self.flow.read_paused or self._arrived >= LEAST_BYTES):
            self._await(BODY)  # it comes; or it is we who do not take it
            return
        self.transport.close()
