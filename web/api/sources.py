"""``GET /api/v1/sources``, a look at a folder, and runs on request."""

import asyncio
from typing import Any

from litestar import Request, get, post

from kb import access, shapes
from kb.catalog import runs, sources
from kb.catalog.sources import ASKED
from web.asker import knowledge_base
from web.hooks import hooks


@get("/api/v1/sources", summary="The sources", sync_to_thread=True)
def listed(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Every source: how it is followed, its run where one goes on, its last and its next run."""
    return {"sources": shown(request)}


def shown(request: Request[Any, Any, Any]) -> list[dict[str, Any]]:
    """Every source as JSON."""
    next_run = hooks(request).next_run
    with knowledge_base(request).catalog.reading() as connection:
        going_on = runs.running(connection)
        return [
            shapes.source(
                s, access.in_words(connection, s.readers), going_on.get(s.id), next_run(s)
            )
            for s in sources.all_of(connection)
        ]


@get("/api/v1/folders", summary="A look at a folder")
async def look(request: Request[Any, Any, Any], path: str) -> dict[str, Any]:
    """What is in a folder, before it is followed: files, kinds, size, how long it will take."""
    return await asyncio.to_thread(hooks(request).preview, path)


@post("/api/v1/sources/{name:str}/run", summary="Read a source now", status_code=202)
async def run(request: Request[Any, Any, Any], name: str) -> dict[str, Any]:
    """Ask for a run. It begins when a worker is free; what is asked for goes first."""
    await asyncio.to_thread(ask_for_run, request, name)
    return {"requested": name}


def ask_for_run(request: Request[Any, Any, Any], name: str) -> None:
    """Note that somebody waits for a source to be read."""
    with knowledge_base(request).catalog.writing() as connection:
        source = sources.by_name(connection, name)
        sources.request_run(connection, source.id, ASKED)
