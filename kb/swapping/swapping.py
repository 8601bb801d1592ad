"""A swap from its beginning to its end: build, compare, switch. What was done is not done again.

It holds a lease, tells in the catalog how far it is, and stops there where somebody pauses it. A
process that is killed leaves a swap that goes on: vectors are kept as they come, a half-built
generation is finished, a comparison that was made counts.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kb import failpoints
from kb.catalog import generations, leases, swaps
from kb.catalog.database import now
from kb.embedding.client import Embeddings
from kb.errors import ConflictError, KbError, LeaseLost, RetryableError
from kb.evaluation.workplace import Read
from kb.index.generation import generation_fingerprint
from kb.knowledge_base import KnowledgeBase
from kb.swapping.comparing import Told, compare
from kb.swapping.windows import too_long
from kb.types.index import Generation
from kb.types.people import Principal
from kb.types.swaps import (
    ASKED,
    COMPARING,
    EMBEDDING,
    FAILED,
    GRAPH,
    PAUSED,
    PAUSING,
    REFUSED,
    Swap,
)
from kb.upkeep.rebuilding import Rebuilder
from kb.upkeep.swaps import BUSY, LEASE

TELL_SECONDS = 1.0
"""Seconds between two notes of how a swap stands."""
log = logging.getLogger("kb.swapping")


class Swapper:
    """Does one swap. ``read`` reads a folder of documents, for the shipped questions.

    ``on_step`` hears how it stands, ``on_question`` how many of how many questions are asked.
    ``processors`` says by how many is embedded (0: by all).
    """

    def __init__(
        self,
        base: KnowledgeBase,
        read: Read,
        on_step: Callable[[Swap], None] = lambda _: None,
        on_question: Told = lambda _done, _all: None,
        processors: Callable[[], int] = lambda: 0,
    ) -> None:
        self._base = base
        self._catalog = base.catalog
        self._read = read
        self._on_step = on_step
        self._on_question = on_question
        self._processors = processors
        self._owner = leases.new_owner()
        self._values: dict[str, Any] = {}

    async def go(self, by: Principal, swap: Swap) -> Swap:
        """Do it, as far as it goes: to the switch, a refusal, or a pause; how it stands then.

        Raises:
            ConflictError: another process is at it.
            KbError: it cannot go on; the live generation stays as it is.
        """
        await self._catalog.write(self._take_lease)
        work = asyncio.create_task(self._work(by, swap))
        try:
            await self._watch(work, swap)
            await work
        except asyncio.CancelledError:
            await _end(work)
            was_told = _is_cancelled()
            goes_on = was_told and swap.by_worker  # the next worker takes it up
            await self._catalog.write(self._stopped, swap, None, goes_on=goes_on)
            if was_told:
                raise
        except LeaseLost:  # whoever has it by now tells how it stands
            await _end(work)
            raise
        except KbError as error:
            await _end(work)
            await self._catalog.write(self._stopped, swap, error)
            raise
        except Exception as error:
            await _end(work)
            log.exception("the swap to %s failed", ", ".join(swap.wanted))
            failed = RetryableError(f"The swap failed: {error}", code="swap_failed")
            await self._catalog.write(self._stopped, swap, failed)
            raise failed from error
        finally:
            await self._catalog.write(self._release_lease)
        return await self._catalog.read(self._base.swaps.one, by, swap.id)

    async def _work(self, by: Principal, swap: Swap) -> None:
        generation = await self._built(swap)
        found = swap.gate or await self._compared(swap, generation)
        if found["lost"] and not swap.force:
            await self._catalog.write(self._refused, swap)
            return
        ready = replace(swap, generation=generation.id)
        await self._base.swaps.switch(by, ready, found["lost"])

    async def _built(self, swap: Swap) -> Generation:
        """The generation of these models, with all that is published; it is built where it is not.

        Raises:
            ConfigurationError: a model is not here, or is broken.
            EngineError: there is no room on the disk, say.
        """
        embeddings = self._base.embeddings.using(swap.wanted)
        fingerprint = generation_fingerprint(embeddings.models)
        found = await self._catalog.read(self._beside, fingerprint)
        if found is None:
            await self._build(swap, embeddings)
            found = await self._catalog.read(self._beside, fingerprint)
        if found is None:
            raise ConflictError(
                "What was built for these models was given up meanwhile.", code="generation_gone"
            )
        if swap.too_long is None:
            self._values["too_long"] = await asyncio.to_thread(too_long, self._catalog, embeddings)
        self._values["generation"] = found.id
        return found

    def _beside(self, fingerprint: str) -> Generation | None:
        with self._catalog.reading() as connection:
            for one in generations.beside(connection, generations.READY, generations.KEPT):
                if one.fingerprint == fingerprint:
                    return Generation(one.id, one.fingerprint, one.description)
        return None

    async def _build(self, swap: Swap, embeddings: Embeddings) -> None:
        begun: list[int] = []

        def progress(done: int, total: int) -> None:
            if not begun:
                begun.append(done)
                self._values |= {"began_at": now(), "began_with": done}
            self._values |= {"done": done, "total": total, "generation": rebuilder.number}

        rebuilder = Rebuilder(
            self._base.settings, self._catalog, embeddings,
            progress, lambda: self._values.update(state=GRAPH), self._processors,
        )  # fmt: skip
        await self._enter(swap, EMBEDDING)
        await rebuilder.prepare()

    async def _compared(self, swap: Swap, generation: Generation) -> dict[str, Any]:
        await self._enter(swap, COMPARING)
        found = await compare(self._base, generation, swap.wanted, self._read, self._on_question)
        self._values["gate"] = found
        await self._catalog.write(self._tell, swap)
        failpoints.reached("compared")
        return found

    async def _enter(self, swap: Swap, state: str) -> None:
        self._values["state"] = state
        await self._catalog.write(self._tell, swap)

    async def _watch(self, work: "asyncio.Task[None]", swap: Swap) -> None:
        """Tell every second how it stands; stop where somebody pauses it."""
        while not work.done():
            await asyncio.wait({work}, timeout=TELL_SECONDS)
            try:
                told = await self._catalog.write(self._tell, swap)
            except LeaseLost:
                raise
            except RetryableError as error:  # the work may go on; the next second tells
                log.warning("how far the swap is cannot be told: %s", error.message)
                continue
            self._on_step(told)
            if told.state == PAUSING:
                work.cancel()

    def _tell(self, swap: Swap) -> Swap:
        """Note what is new, unless somebody has paused or ended it; how it stands."""
        with self._catalog.writing() as connection:
            leases.hold_or_raise(connection, LEASE, self._owner)
            one = swaps.get(connection, swap.id)
            assert one is not None
            values = dict(self._values)
            if one.state == PAUSING or not one.is_open:
                values.pop("state", None)
            swaps.change(connection, swap.id, seen_at=now(), **values)
            return swaps.get(connection, swap.id) or one

    def _refused(self, swap: Swap) -> None:
        self._values["state"] = REFUSED  # what is told last does not go back
        with self._catalog.writing() as connection:
            swaps.end(connection, swap.id, REFUSED, **self._kept())

    def _stopped(self, swap: Swap, error: KbError | None, *, goes_on: bool = False) -> None:
        """Note that it stopped, with what it had come to; one that has just switched has ended."""
        told = None if error is None else error.as_json()["error"]
        state = ASKED if goes_on else PAUSED if error is None else FAILED
        with self._catalog.writing() as connection:
            one = swaps.get(connection, swap.id)
            if one is not None and one.is_open:
                values = self._kept() | {"state": state, "error": told, "seen_at": now()}
                swaps.change(connection, swap.id, **values)

    def _kept(self) -> dict[str, Any]:
        return {name: value for name, value in self._values.items() if name != "state"}

    def _take_lease(self) -> None:
        with self._catalog.writing() as connection:
            if not leases.take(connection, LEASE, self._owner):
                raise ConflictError("Another process is changing the embedding models.", code=BUSY)

    def _release_lease(self) -> None:
        with self._catalog.writing() as connection:
            leases.release(connection, LEASE, self._owner)


async def _end(work: "asyncio.Task[None]") -> None:
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


def _is_cancelled() -> bool:
    """Whether the task that asks is to end: a command is stopped, not a swap paused."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
