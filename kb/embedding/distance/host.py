"""One embedder of another host: its address, and whether it can be used."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from kb.embedding.distance.calls import ANSWERS
from kb.engines.web_wire import WebWire
from kb.errors import ConfigurationError, KbError, RetryableError, filled, rebuilt

AWAY_SECONDS = 15.0
"""Seconds for which an embedder that could not be used is asked last."""
WATCH_SECONDS = 3.0
"""Seconds without an answer after which a host is asked whether it lives."""
OURS, REFUSED_BY_IT, GONE = 200, 500, {502, 503, 504}
"""Statuses: of an answer; of an error of the embedder itself; of what stands before one that is
away."""
Reason = Literal["away", "no_embedder", "wrong_key", "other_models", "failing"]
"""Why an embedder cannot be used. ``no_embedder``: something else answers; ``failing``: its own
process cannot start."""


SAID: dict[Reason, str] = {
    "away": "does not answer ({about})",
    "no_embedder": "is no embedder of this release ({about})",
    "wrong_key": "does not take the key (engines.embedder_key)",
    "other_models": "has other models than are used here ({about})",
    "failing": "cannot embed ({about})",
}
"""What is said of an embedder after its address."""


class Unusable(Exception):
    """An embedder cannot be used now; the next one is asked. ``about`` is what is known of it."""

    def __init__(self, reason: Reason, about: str = "") -> None:
        self.reason = reason
        self.about = about
        self.said = filled(SAID[reason], {"about": about})
        super().__init__(self.said)


class Occupied(Exception):
    """An embedder has as much to do as it takes."""


class Refusal(msgspec.Struct, frozen=True):
    """What a refused call is told, in the one shape of errors."""

    code: str
    message: str
    detail: dict[str, Any] = {}


class _Shape(msgspec.Struct, frozen=True):
    error: Refusal


class EmbedderHost:
    """An embedder at an address.

    ``wanted`` are names of the models that it has to have, by fingerprint. A host that gives no
    sign of life in ``patience`` seconds, when it is asked for one, is away.
    """

    def __init__(self, address: str, key: str, wanted: Mapping[str, str], patience: float) -> None:
        self.address = address
        self._wire = WebWire(address, key)
        self._wanted = wanted
        self._patience = patience
        self._away_until = 0.0

    @property
    def is_away(self) -> bool:
        """Whether it could not be used a moment ago."""
        return time.monotonic() < self._away_until

    async def call(self, call: str, body: bytes) -> Any:
        """The answer to a call, however long it takes while the host lives.

        Raises:
            Unusable: it cannot be used.
            Occupied: it has as much to do as it takes.
            KbError: what the embedder itself raised, in its own class.
        """
        try:
            status, content = await self._asked(call, body)
            answer = self._read(call, status, content)
        except Unusable:
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise
        self._away_until = 0.0
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    async def _asked(self, call: str, body: bytes) -> tuple[int, bytes]:
        """Status and body. One that could not be used before first shows that it lives, soon."""
        try:
            if self._away_until:
                await self._wire.look(WATCH_SECONDS)
            return await self._watched(call, body)
        except ConnectionError as error:
            raise Unusable("away", str(error)) from error

    async def _watched(self, call: str, body: bytes) -> tuple[int, bytes]:
        """Status and body; while none comes, the host has to say that it lives."""
        posting = asyncio.ensure_future(self._wire.post(call, body, None))
        try:
            while not (await asyncio.wait({posting}, timeout=WATCH_SECONDS))[0]:
                await self._wire.look(self._patience)
            return posting.result()
        finally:
            if not posting.done():
                posting.cancel()
                await asyncio.gather(posting, return_exceptions=True)

    def _read(self, call: str, status: int, body: bytes) -> Any:
        try:
            if status == OURS:
                return msgspec.msgpack.decode(body, type=ANSWERS[call])
            if status == REFUSED_BY_IT:
                problem = rebuilt(msgspec.msgpack.decode(body))
            else:
                refusal = msgspec.json.decode(body, type=_Shape).error
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError, AttributeError) as error:
            if status in GONE:
                raise Unusable("away", f"a proxy says {status}") from error
            raise Unusable("no_embedder", f"an answer {status}, not as one's") from error
        if status == REFUSED_BY_IT:
            raise self._of_embedder(problem)
        raise self._of_refusal(refusal)

    def _of_embedder(self, problem: KbError) -> Exception:
        """An error of the call stays one; what says that nothing works there is the host's."""
        if isinstance(problem, RetryableError | ConfigurationError):
            return Unusable("failing", problem.message)
        return problem

    def _of_refusal(self, refusal: Refusal) -> Exception:
        match refusal.code:
            case "busy":
                return Occupied()
            case "not_signed_in":
                return Unusable("wrong_key")
            case "other_models":
                return Unusable("other_models", self._compared(refusal.detail.get("models")))
        return Unusable("no_embedder", refusal.message)

    def _compared(self, found: Any) -> str:
        """Which models are missing there, and which are there."""
        theirs = found if isinstance(found, dict) else {}
        missing = {key: name for key, name in self._wanted.items() if key not in theirs}
        return f"it has {named(theirs)}; missing: {named(missing)}"


def named(models: Mapping[str, str]) -> str:
    """Models as people tell them apart: two of one name may differ in weights or prompts."""
    return ", ".join(f"{name} ({key[:8]})" for key, name in models.items()) or "nothing"
