"""``GET /api/v1/sources``, a look at a folder, and runs on request."""

from typing import Any

from litestar import Request, get, post

from kb.surface import shapes
from kb.types.library import Card
from web.asker import knowledge_base, principal_of, shares
from web.auth.who import ADMINISTRATOR, CURATOR, READER
from web.folders import FolderVerbs, folders


@get("/api/v1/sources", summary="The sources", who=READER)
async def listed(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Every source: how it is followed, its run where one goes on, its last and its next run."""
    base = knowledge_base(request)
    cards = await base.read(base.sources.cards, principal_of(request))
    return {"sources": [shape(card, folders(request)) for card in cards]}


def shape(card: Card, verbs: FolderVerbs) -> dict[str, Any]:
    """A source as JSON; of one that is not the asker's to look after, its name alone."""
    if card.standing is None:
        return {"name": card.name, "about": card.about, "curators": card.curators}
    whole = shapes.source(card.standing, verbs.next_run(card.standing.source))
    return whole | {"curators": card.curators}


@get("/api/v1/folders", summary="A look at a folder", who=ADMINISTRATOR)
async def look(request: Request[Any, Any, Any], path: str) -> dict[str, Any]:
    """What is in a folder, before it is followed: files, kinds, size, how long it will take."""
    return await shares(request).files.run(folders(request).preview, principal_of(request), path)


@post("/api/v1/sources/{name:str}/run", summary="Read a source now", status_code=202, who=CURATOR)
async def run(request: Request[Any, Any, Any], name: str) -> dict[str, Any]:
    """Ask for a run. It begins when a worker is free; what is asked for goes first."""
    base = knowledge_base(request)
    await base.write(base.sources.ask_for_run, principal_of(request), name)
    return {"requested": name}
