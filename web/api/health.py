"""Alive, and ready."""

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get

from kb.duties import WORKER
from kb.errors import KbError
from kb.knowledge_base import KnowledgeBase
from web.asker import knowledge_base
from web.auth.who import ANYONE
from web.errors import for_strangers


@get("/health", summary="Alive", who=ANYONE, alone=True)
async def health() -> dict[str, str]:
    """The process answers; nothing else is looked at."""
    return {"status": "ok"}


@get("/ready", summary="Ready to search", who=ANYONE)
async def ready(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """Whether catalog, embedder and index answer and the audit log takes entries; 503 if not.

    The language model is not needed for that. A log that is behind still has room, and
    searching goes on while the worker fails: both are only told. A worker that has ended is 503,
    and so is a service that was told to stop: its status is ``stopping``.
    """
    found = await readiness(knowledge_base(request))
    return Response(found.told, status_code=200 if found.is_ready else 503)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a process can search, and what it tells of that."""

    is_ready: bool
    told: dict[str, Any]


async def readiness(base: KnowledgeBase) -> Readiness:
    """Whether this process can search now."""
    parts = _parts(base)
    if base.duties.is_ending:
        return Readiness(False, {"status": "stopping", **parts})
    if not base.audit.health().is_ready or parts["worker"]["state"] == "stopped":
        return Readiness(False, {"status": "waiting", **parts})
    try:
        await base.look()
        await base.embeddings.describe()
        await base.index.languages(["ready"])
    except KbError as error:
        told = {"status": "waiting", **parts, **for_strangers(error).as_json()}
        return Readiness(False, told)
    return Readiness(True, {"status": "ready", **parts})


def _parts(base: KnowledgeBase) -> dict[str, dict[str, Any]]:
    """How what goes on in the background fares."""
    audit, worker = base.audit.health(), base.duties.health(WORKER)
    return {
        "audit": {
            "state": audit.state,
            "waiting": audit.waiting,
            "behind_seconds": audit.behind_seconds,
        },
        "worker": {
            "state": worker.state,
            "failures": worker.failures,
            "failing_seconds": worker.failing_seconds,
        },
    }
