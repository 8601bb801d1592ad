"""The embedders of other hosts, called as one: the first that can be used, else the next one."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kb.embedding.distance.calls import BULK
from kb.embedding.distance.host import EmbedderHost, Occupied, Unusable
from kb.errors import ConfigurationError, EngineError, KbError
from kb.settings import Engines

SLICE_TEXTS = 64
"""Texts of bulk work that go in one call: what a host is asked meanwhile waits for no more."""
SLICE_CHARACTERS = 200_000
"""Characters of the texts in one call; a text that is longer goes alone."""
AT_ONCE = 4
"""Slices of this process that are under way side by side: one is computed, the others are near."""
ROUNDS = 2
"""How often all embedders are asked before a call fails: one may just be started again."""
ROUND_SECONDS = 0.5
"""Seconds between two rounds, also where an embedder has as much to do as it takes."""
LASTING = {"no_embedder", "wrong_key", "other_models"}
"""Reasons that no waiting mends: somebody has to set something right."""
WHAT_TO_DO = "Each is served by kb embedder on its host; kb doctor looks at all of them."


@dataclass(frozen=True, slots=True)
class HostStanding:
    """How an embedder of another host stands.

    ``problem`` says why it cannot be used; None: it can. ``told`` is what it says of its models, by
    their fingerprints.
    """

    address: str
    problem: Unusable | None = None
    told: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class DistantEmbedder:
    """The embedders of ``engines.embedder_url``; ``wanted`` are names of models by fingerprint."""

    def __init__(self, engines: Engines, wanted: Mapping[str, str]) -> None:
        self._hosts = [
            EmbedderHost(address, engines.embedder_key, wanted, engines.hung_seconds)
            for address in engines.embedder_url
        ]
        self._models = tuple(wanted)
        self._room = asyncio.Semaphore(AT_ONCE)

    async def call(self, call: str, *, seconds: float = 600.0, **arguments: Any) -> Any:
        """Send a call by name; texts of bulk work go in slices, between which others have a turn.

        How many processors work there, each embedder's own host says.

        Raises:
            EngineError: no embedder can be used now, or none answered in so many ``seconds``.
            ConfigurationError: none has the models, or takes the key.
            KbError: what an embedder itself raised, in its own class.
        """
        arguments.pop("processors", None)
        work = self._in_slices if call in BULK else self._one
        try:
            async with asyncio.timeout(seconds):
                return await work(call, arguments)
        except TimeoutError as error:
            raise EngineError(
                f"No embedder (engines.embedder_url) answered in {seconds:g} s: "
                f"{', '.join(host.address for host in self._hosts)}.",
                detail={"engine": "embedder"},
            ) from error

    async def call_where_it_runs(self, call: str, *, seconds: float = 10.0) -> Any:
        """Send a call without arguments; None where no embedder can be used now."""
        try:
            return await self.call(call, seconds=seconds)
        except (EngineError, ConfigurationError):
            return None

    async def standing(self, seconds: float) -> list[HostStanding]:
        """How each embedder stands, in order; all are asked at once."""
        return list(await asyncio.gather(*(self._stands(host, seconds) for host in self._hosts)))

    async def leave(self) -> None:
        """Nothing: the embedders are there for other hosts too."""

    async def close(self) -> None:
        """Close the connections."""
        for host in self._hosts:
            host.close()

    async def _stands(self, host: EmbedderHost, seconds: float) -> HostStanding:
        try:
            async with asyncio.timeout(seconds):
                told = await host.call("describe", self._body({}))
        except Unusable as problem:
            return HostStanding(host.address, problem)
        except Occupied:
            return HostStanding(host.address)
        except TimeoutError:
            return HostStanding(host.address, Unusable("away", f"nothing in {seconds:g} s"))
        except KbError as error:
            return HostStanding(host.address, Unusable("failing", error.message))
        return HostStanding(host.address, told=told)

    async def _in_slices(self, call: str, arguments: Mapping[str, Any]) -> list[bytes]:
        """The vectors of many texts, in their order."""
        parts = slices(arguments["texts"])
        asking = [asyncio.create_task(self._slice(call, arguments, part)) for part in parts]
        try:
            found = await asyncio.gather(*asking)
        finally:
            for one in asking:
                one.cancel()
        return [vector for part in found for vector in part]

    async def _slice(
        self, call: str, arguments: Mapping[str, Any], texts: Sequence[str]
    ) -> list[bytes]:
        async with self._room:
            vectors: list[bytes] = await self._one(call, {**arguments, "texts": texts})
        return vectors

    async def _one(self, call: str, arguments: Mapping[str, Any]) -> Any:
        """The answer of the first embedder that can be used; a full one is asked again."""
        body, rounds = self._body(arguments), 0
        while True:
            unusable: dict[str, Unusable] = {}
            is_busy = False
            for host in sorted(self._hosts, key=lambda one: one.is_away):
                try:
                    return await host.call(call, body)
                except Unusable as problem:
                    unusable[host.address] = problem
                except Occupied:
                    is_busy = True
            rounds += not is_busy
            if rounds == ROUNDS:
                raise nobody(unusable)
            await asyncio.sleep(ROUND_SECONDS)

    def _body(self, arguments: Mapping[str, Any]) -> bytes:
        return msgspec.msgpack.encode({"models": self._models, **arguments})


def slices(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Texts in their order, in parts of at most so many texts and characters."""
    begun, characters = 0, 0
    for at, text in enumerate(texts):
        is_full = at - begun == SLICE_TEXTS or characters + len(text) > SLICE_CHARACTERS
        if is_full and at > begun:
            yield texts[begun:at]
            begun, characters = at, 0
        characters += len(text)
    if begun < len(texts):
        yield texts[begun:]


def nobody(unusable: Mapping[str, Unusable]) -> KbError:
    """No embedder can be used: why each cannot."""
    said = "; ".join(f"{address} {one.said}" for address, one in unusable.items())
    detail = {"engine": "embedder", "hosts": {a: one.reason for a, one in unusable.items()}}
    if all(one.reason in LASTING for one in unusable.values()):
        first = next(iter(unusable.values()))
        return ConfigurationError(
            f"No embedder can be used (engines.embedder_url): {said}. {WHAT_TO_DO}",
            code=f"embedder_{first.reason}",
            detail=detail,
        )
    return EngineError(
        f"No embedder answers (engines.embedder_url): {said}. {WHAT_TO_DO}", detail=detail
    )
