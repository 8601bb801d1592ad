"""An embedder for other hosts: the calls of its engine over HTTP, with a key and within bounds.

The engine itself has no network: this passes calls on to its socket, those of
:mod:`kb.embedding.distance.calls` and no others. ``GET /health`` says to anybody whether it is
ready, and nothing else.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from kb.embedding.client import Embeddings
from kb.embedding.distance.bounds import CallerBounds
from kb.embedding.distance.calls import BULK, CALLS, DistantCall
from kb.errors import (
    ConflictError,
    KbError,
    NotFoundError,
    NotSignedInError,
    TooManyError,
    UsageError,
    told,
)

LARGEST_CALL = 8_000_000
"""Bytes of a call; a slice of bulk work has at most 200,000 characters."""
BULK_CALLS, BULK_CALLS_EACH = 32, 8
"""Calls of bulk work that are taken at once: in all, and from one address. In all they are fewer
than the connections to the engine (``kb.engines.wire.MOST``), so that others find one."""
OTHER_CALLS, OTHER_CALLS_EACH = 256, 64
"""Calls for which somebody waits that are taken at once: in all, and from one address."""
BULK_SECONDS, OTHER_SECONDS = 3600.0, 60.0
"""Seconds in which the engine has to answer a call of either kind."""
LOOK_SECONDS = 5.0
"""Between two looks whether the engine is ready; so it never ends for want of callers."""
JSON, MSGPACK = b"application/json", b"application/msgpack"
log = logging.getLogger("kb.embedding")
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request is answered with."""

    status: int
    body: bytes
    kind: bytes = JSON
    again: int = 0
    """Seconds after which to come again; 0: nothing is said of it."""

    async def send(self, send: Send) -> None:
        """Send it."""
        headers = [
            (b"content-type", self.kind),
            (b"content-length", str(len(self.body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        if self.again:
            headers.append((b"retry-after", str(self.again).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class EmbedderService:
    """An ASGI application that answers other hosts with the embedder of this one.

    ``key``: what callers have to bring; empty: nothing. ``processors``: how many of them bulk work
    may use here at this moment.
    """

    def __init__(self, embeddings: Embeddings, key: str, processors: Callable[[], int]) -> None:
        self._embeddings = embeddings
        self._expected = f"Bearer {key}".encode() if key else b""
        self._processors = processors
        self._bulk = CallerBounds(BULK_CALLS, BULK_CALLS_EACH)
        self._others = CallerBounds(OTHER_CALLS, OTHER_CALLS_EACH)
        self._is_ready = False
        self._problem = ""

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            reply = await self._answered(scope, receive)
        except KbError as error:
            reply = refused(error)
        await reply.send(send)

    async def keep_ready(self) -> None:
        """Start the engine, and see again and again whether it answers, until it is cancelled."""
        while True:
            self._is_ready = await self._answers()
            await asyncio.sleep(LOOK_SECONDS)

    async def _answers(self) -> bool:
        """Whether the engine does; each time that it ceases to, the log says why."""
        try:
            await self._embeddings.describe()
        except KbError as error:
            if error.message != self._problem:
                log.warning("the embedder is not ready: %s", error.message)
            self._problem = error.message
            return False
        self._problem = ""
        return True

    async def _answered(self, scope: dict[str, Any], receive: Receive) -> Reply:
        name, method = scope["path"].strip("/"), scope["method"]
        if (method, name) == ("GET", "health"):
            return self._health()
        self._check_key(scope)
        if method != "POST" or name not in CALLS:
            raise NotFoundError(f"There is no call {method} /{name}.", code="no_such_call")
        bounds = self._bulk if name in BULK else self._others
        with bounds.one((scope["client"] or ("", 0))[0]):
            asked = _understood(name, await _body(scope, receive))
            self._check_models(asked)
            return await self._embedded(name, asked)

    def _health(self) -> Reply:
        status, said = (200, "ok") if self._is_ready else (503, "waiting")
        return Reply(status, msgspec.json.encode({"status": said}))

    def _check_key(self, scope: dict[str, Any]) -> None:
        """Compare the key in a time that says nothing of it."""
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if self._expected and not hmac.compare_digest(given, self._expected):
            raise NotSignedInError("The key is missing or wrong (engines.embedder_key).")

    def _check_models(self, asked: DistantCall) -> None:
        here = {one.fingerprint: one.files.name for one in self._embeddings.models}
        if not set(asked.models) <= set(here):
            raise ConflictError(
                "This embedder has other models.", code="other_models", detail={"models": here}
            )

    async def _embedded(self, name: str, asked: DistantCall) -> Reply:
        """What the engine says, an error among it: that keeps its class at the caller's."""
        arguments = asked.arguments()
        if name == "embed_passages":
            arguments["processors"] = self._processors()
        seconds = BULK_SECONDS if name in BULK else OTHER_SECONDS
        try:
            found = await self._embeddings.engine.call(name, seconds=seconds, **arguments)
        except KbError as error:
            log.warning("%s: %s", name, error.message)
            return Reply(500, msgspec.msgpack.encode(told(error)), MSGPACK)
        return Reply(200, msgspec.msgpack.encode(found), MSGPACK)


def refused(error: KbError) -> Reply:
    """A request that is not taken, in the one shape of errors."""
    status = 413 if error.code == "too_large" else error.status
    again = error.seconds if isinstance(error, TooManyError) else 0
    return Reply(status, msgspec.json.encode(error.as_json()), again=again)


async def _body(scope: dict[str, Any], receive: Receive) -> bytes:
    """A request's body; no more of it is kept than a call may have."""
    length = int(next((v for name, v in scope["headers"] if name == b"content-length"), 0))
    arrived, is_more = bytearray(), length <= LARGEST_CALL
    while is_more:
        message = await receive()
        arrived += message.get("body", b"")
        is_more = message.get("more_body", False) and len(arrived) <= LARGEST_CALL
    if max(length, len(arrived)) > LARGEST_CALL:
        raise UsageError(f"A call has at most {LARGEST_CALL:,} bytes.", code="too_large")
    return bytes(arrived)


def _understood(name: str, body: bytes) -> DistantCall:
    try:
        return msgspec.msgpack.decode(body, type=CALLS[name])
    except msgspec.MsgspecError as error:
        raise UsageError(f"This is no call {name}: {error}.") from error
