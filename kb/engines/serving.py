"""The engine's side: a Unix socket that answers calls by name, msgpack in and out.

An engine is a class whose public coroutine methods are its calls: each takes and returns plain
values (numbers, strings, bytes, lists, dicts).
"""

import asyncio
import ctypes
import fcntl
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec
import uvicorn
import uvloop

from kb.engines import REFUSED
from kb.errors import ConfigurationError, EngineError, KbError, PermanentError, told
from kb.settings import Settings

REST_SECONDS = 3.0
"""Seconds without a call after which an engine gives back memory that it has freed."""
log = logging.getLogger("kb.engine")
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Engine(Protocol):
    """What is served: an object whose public coroutine methods are the calls.

    ``fingerprint`` names its settings; a caller with others has the engine leave.
    """

    fingerprint: str

    def close(self) -> None:
        """Bring everything to disk and let go."""


@runtime_checkable
class WorkingEngine(Protocol):
    """An engine that may be at work of its own, for which nobody has called: it stays meanwhile."""

    def is_working(self) -> bool:
        """Whether it is."""


class Service:
    """An ASGI application that answers an engine's calls, and notices when there are none."""

    def __init__(self, engine: Engine, idle_seconds: float) -> None:
        self._engine = engine
        self.idle_seconds = idle_seconds
        self._busy = 0
        self._last_call = time.monotonic()
        self._rested_after = 0.0

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one call: ``POST /<name>`` with a msgpack map of arguments."""
        body = await _body(receive)
        self._busy += 1
        try:
            status, answer = await self._answer(scope["path"].strip("/"), body)
        finally:
            self._busy -= 1
            self._last_call = time.monotonic()
        content = msgspec.msgpack.encode(answer)
        length = (b"content-length", str(len(content)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [length]})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, name: str, body: bytes) -> tuple[int, Any]:
        if name == "about":
            return 200, {"pid": os.getpid(), "fingerprint": self._engine.fingerprint}
        if name == "leave":
            asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
            return 200, None
        call = (
            None if name.startswith("_") or name == "close" else getattr(self._engine, name, None)
        )
        if call is None:
            missing = PermanentError(f"It has no call {name}.", code="no_such_call")
            return 500, _told(name, missing)
        try:
            return 200, await call(**msgspec.msgpack.decode(body))
        except Exception as error:  # noqa: BLE001 - told to the caller, and logged here
            return 500, _told(name, error)

    def has_come_to_rest(self) -> bool:
        """Whether nobody has called for ``REST_SECONDS``; true once after each time of work."""
        resting = not self._busy and time.monotonic() - self._last_call > REST_SECONDS
        if resting and self._rested_after != self._last_call:
            self._rested_after = self._last_call
            return True
        return False

    def is_idle(self) -> bool:
        """Whether nobody has called for ``idle_seconds``: the engine should leave."""
        if self._busy or time.monotonic() - self._last_call <= self.idle_seconds:
            return False
        return not (isinstance(self._engine, WorkingEngine) and self._engine.is_working())


def _told(call: str, error: Exception) -> dict[str, Any]:
    """An error for the caller. It is logged here too: the engine's log is where people look."""
    if isinstance(error, KbError):
        log.warning("%s: %s: %s (%s)", call, type(error).__name__, error.message, error.code)
        return told(error)
    log.error("%s: unexpected error", call, exc_info=error)
    if isinstance(error, MemoryError):
        return told(EngineError("There was no memory left for it.", code="out_of_memory"))
    return told(PermanentError(f"It failed: {error!r}.", code="engine_failed"))


def give_memory_back() -> None:
    """Give memory that was freed back to the system. Only glibc keeps it, and only glibc can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def serve(engine: Callable[[], Engine], socket_path: Path, idle_seconds: float) -> None:
    """Be an engine's process: load it, and answer at the socket until idle or told to leave.

    The process exits at once where another one holds the engine's lock.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    # Once, before there are threads: what one of them makes meanwhile would get the mask as well.
    os.umask(0o077)
    lock = os.open(socket_path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(0)  # another one is there already
    try:
        loaded = engine()
    except ConfigurationError as error:
        sys.stderr.buffer.write(msgspec.json.encode(told(error)) + b"\n")
        sys.exit(REFUSED)
    socket_path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.fchmod(listener.fileno(), 0o600)  # what is bound then has it from the start
    listener.bind(str(socket_path))
    listener.listen(256)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(loaded, listener, idle_seconds))
    finally:
        socket_path.unlink(missing_ok=True)
        loaded.close()


async def _run(engine: Engine, listener: socket.socket, idle_seconds: float) -> None:
    service = Service(engine, idle_seconds)
    config = uvicorn.Config(
        service,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=3600,
    )
    server = uvicorn.Server(config)
    watcher = asyncio.create_task(_leave_when_idle(service, server))
    await server.serve(sockets=[listener])
    watcher.cancel()


async def _leave_when_idle(service: Service, server: uvicorn.Server) -> None:
    while not service.is_idle():
        if service.has_come_to_rest():
            give_memory_back()
        await asyncio.sleep(min(1.0, service.idle_seconds))
    server.should_exit = True


def settings_from_stdin() -> Settings:
    """The settings that the starter of this engine wrote to its standard input."""
    return msgspec.json.decode(sys.stdin.buffer.read(), type=Settings)
