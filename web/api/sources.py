"""``GET /api/v1/sources``, a look at a folder, and runs on request."""

from typing import Any

from litestar import Request, get, post

from kb.audit.log import noted
from kb.catalog import ledger, people, runs, sources
from kb.rights import access, rules
from kb.surface import shapes
from kb.types.library import ASKED
from web.asker import knowledge_base, must_answer_for, principal_of, shares
from web.auth.who import ADMINISTRATOR, CURATOR, READER
from web.hooks import hooks


@get("/api/v1/sources", summary="The sources", who=READER)
async def listed(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Every source: how it is followed, its run where one goes on, its last and its next run."""
    return {"sources": await knowledge_base(request).read(shown, request)}


def shown(request: Request[Any, Any, Any]) -> list[dict[str, Any]]:
    """Every source as JSON; of those that are not the asker's to look after, the name alone."""
    next_run = hooks(request).next_run
    principal = principal_of(request)
    with knowledge_base(request).catalog.reading() as connection:
        going_on = runs.running(connection)
        seen = set(ledger.sources_of(connection, principal))
        curators = people.curators_of(connection)
        found = []
        for s in sources.all_of(connection):
            if principal.answers_for(s.id):
                readers = access.in_words(connection, s.readers)
                rule = rules.in_words(connection, s.rule)
                shape = shapes.source(s, readers, rule, going_on.get(s.id), next_run(s))
                found.append(shape | {"curators": curators.get(s.id, [])})
            elif s.name in seen:
                found.append({"name": s.name, "about": s.about, "curators": curators.get(s.id, [])})
        return found


@get("/api/v1/folders", summary="A look at a folder", who=ADMINISTRATOR)
async def look(request: Request[Any, Any, Any], path: str) -> dict[str, Any]:
    """What is in a folder, before it is followed: files, kinds, size, how long it will take."""
    return await shares(request).files.run(hooks(request).preview, path)


@post("/api/v1/sources/{name:str}/run", summary="Read a source now", status_code=202, who=CURATOR)
async def run(request: Request[Any, Any, Any], name: str) -> dict[str, Any]:
    """Ask for a run. It begins when a worker is free; what is asked for goes first."""
    await knowledge_base(request).write(ask_for_run, request, name)
    return {"requested": name}


def ask_for_run(request: Request[Any, Any, Any], name: str) -> None:
    """Note that somebody waits for a source to be read."""
    with knowledge_base(request).catalog.writing() as connection:
        source = sources.by_name(connection, name)
        must_answer_for(request, source)
        noted(connection, principal_of(request), "source.run", name)
        sources.request_run(connection, source.id, ASKED)
