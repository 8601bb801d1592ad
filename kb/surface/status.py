"""What is there, and what answers: for ``kb status``, the pages, and monitoring."""

import asyncio
import time
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from kb import bulk
from kb.duties import WORKER
from kb.embedding import chosen, places
from kb.embedding.distance.client import HostStanding
from kb.embedding.pinned import ENGLISH, MULTILINGUAL
from kb.errors import ModelError
from kb.llm.base import Identity, LanguageModel
from kb.llm.chatting import chat
from kb.settings import Ingest
from kb.silence import guard
from kb.types.library import Inventory

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase


async def status(base: "KnowledgeBase") -> dict[str, Any]:
    """The JSON of ``kb status``: how many documents there are, and which parts answer."""
    found = await base.read(base.ledger.inventory)
    swap = await base.read(base.swaps.open_one)
    return {
        "data_dir": base.settings.data_dir,
        **_figures(found, base.settings.index.backend),
        "scratch_left_behind": len(await asyncio.to_thread(base.scratch.stale)),
        "embedding_models": [asdict(one) for one in await base.embeddings.computing()],
        "embedders": [_host(one) for one in await base.embeddings.hosts()],
        "models_swap": None if swap is None else swap.as_json(),
        "ingestion": asdict(processors(base.settings.ingest)),
        "multilingual_model": multilingual(base),
        "language_model": await model_status(base, probe=True),
    }


def _host(one: HostStanding) -> dict[str, Any]:
    """An embedder of another host; ``problem`` goes on after its address."""
    found = one.problem
    return {
        "address": one.address,
        "reason": found.reason if found else None,
        "problem": found.said if found else None,
    }


Multilingual = Literal["used", "here", "missing"]
"""Whether the multilingual model embeds, is here and does not, or is not here."""


def multilingual(base: "KnowledgeBase") -> Multilingual:
    """How things stand with the multilingual model; ``used`` where models were chosen."""
    if base.embeddings.names != (ENGLISH,) or chosen.named(base.settings.embedding):
        return "used"
    is_here = places.added(base.settings.embedding, MULTILINGUAL) is not None
    return "here" if is_here else "missing"


def multilingual_lines(stands: Multilingual) -> list[str]:
    """What to do about documents and questions that are not English, where something is."""
    how = {
        "missing": "kb models add multilingual",
        "here": "kb models use multilingual english",
    }
    if stands not in how:
        return []
    return [f"  For documents or questions that are not English: {how[stands]}"]


def _figures(found: Inventory, backend: str) -> dict[str, Any]:
    known, generation = found.sources, found.generation
    return {
        "sources": [{"name": s.name, "path": s.root, "documents": s.documents} for s in known],
        "documents": found.states,
        "passages": found.passages,
        "languages": found.languages,
        "index": {"backend": backend, "generation": f"g{generation}" if generation else None},
        "access_alarms": found.alarms,
    }


PROBE_SECONDS = 20.0
"""Seconds of silence after which a model is said to be loading, or slow."""
PROBE = [{"role": "user", "content": "Say yes."}]


async def model_status(base: "KnowledgeBase", *, probe: bool = False) -> dict[str, Any]:
    """Which language model answers, or why none does.

    ``probe``: it is asked for a word, since only that shows whether it fits into its server's
    memory and chats. Otherwise what its last answer in this process ended with counts.
    """
    model = await asyncio.to_thread(lambda: base.model)
    if model is None:
        return {"connected": False, "model": None, "reason": "No provider is configured."}
    begun = time.monotonic()
    try:
        identity = await model.identify()
        milliseconds = round((time.monotonic() - begun) * 1000)
        if probe:
            identity = await _answers(model) or identity
        elif base.answers.model_problem is not None:
            raise base.answers.model_problem
    except ModelError as error:
        return {"connected": False, "model": None, "reason": error.message, "code": error.code}
    return {
        "connected": True,
        "model": identity.name,
        "reason": None,
        "milliseconds": milliseconds,
    }


async def _answers(model: LanguageModel) -> Identity | None:
    """The model that says a first word; None where none came in ``PROBE_SECONDS``.

    Raises:
        ModelError: the model cannot say one.
    """
    identity = None
    with suppress(TimeoutError):
        async with asyncio.timeout(PROBE_SECONDS), aclosing(chat(model, PROBE)) as told:
            async for piece in told:
                if not isinstance(piece, Identity):
                    break
                identity = piece
    return identity


@dataclass(frozen=True, slots=True)
class Processors:
    """How many of the machine's processors (``usable``) ingestion may use now.

    ``by_hours``: it is held to fewer in office hours. ``limited`` is false where this system cannot
    hold it to any number.
    """

    allowed: int
    usable: int
    by_hours: bool
    limited: bool


def processors(settings: Ingest) -> Processors:
    """What ingestion may use at this moment, by the machine's clock."""
    usable = bulk.usable_cores()
    allowed = bulk.allowed(settings, bulk.wall_clock(), usable)
    return Processors(allowed, usable, bool(settings.office_hours), bulk.can_be_limited())


def metrics_text(base: "KnowledgeBase") -> bytes:
    """What a monitoring system reads."""
    found = base.ledger.inventory()
    note_figures(base)
    counts = (found.states, found.passages, found.alarms)
    mine = base.settings.backup
    scheduled = bool(mine.schedule and mine.folder)
    return base.metrics.text(*counts, base.backups.standing(), scheduled=scheduled)


def note_figures(base: "KnowledgeBase") -> None:
    """Note this process's own figures where a monitoring system finds them."""
    base.metrics.note(base.audit.health(), base.duties.health(WORKER), guard.refused())
