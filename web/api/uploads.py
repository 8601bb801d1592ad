"""``POST /api/v1/uploads?name=``: one file, as the body of the request."""

from typing import Any

from litestar import Request, post

from kb import access
from kb.catalog import sources
from web.asker import knowledge_base, must_manage, principal_of
from web.auth.who import CURATOR


@post(
    "/api/v1/uploads",
    summary="Hand in a file",
    status_code=201,
    request_max_body_size=None,  # the stream itself is counted, against ingest.max_file_mb
    who=CURATOR,
)
async def upload(request: Request[Any, Any, Any], name: str) -> dict[str, Any]:
    """Store a file in the source of uploads; it is read before anything else."""
    kb = knowledge_base(request)
    readers = await kb.catalog.read(_readers, request)
    source, path = await kb.uploads.store(name, request.stream(), readers, principal_of(request))
    return {"source": source.name, "path": path}


def _readers(request: Request[Any, Any, Any]) -> tuple[str, ...]:
    """Who may read what is handed in.

    It takes whoever looks after the source of uploads; before there is one, an administrator.
    """
    with knowledge_base(request).catalog.reading() as connection:
        found = [s for s in sources.all_of(connection) if s.following.uploads]
        readers = access.readers(connection, [access.EVERYONE])
    if not any(principal_of(request).answers_for(s.id) for s in found):
        must_manage(request)
    return readers
