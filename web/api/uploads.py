"""``POST /api/v1/uploads?name=&readers=``: one file, as the body of the request."""

from typing import Any

from litestar import Request, post

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
async def upload(request: Request[Any, Any, Any], name: str, readers: str = "") -> dict[str, Any]:
    """Store a file in the source of uploads; it is read before anything else.

    The first one names its ``readers`` (``everyone``, groups, ``person:NAME``; commas between).
    """
    kb = knowledge_base(request)
    await kb.read(_must_answer_for_uploads, request)
    named = [w.strip() for w in readers.split(",") if w.strip()]
    source = await kb.write(kb.uploads.source, named)
    path = await kb.uploads.store(source, name, request.stream(), principal_of(request))
    return {"source": source.name, "path": path}


def _must_answer_for_uploads(request: Request[Any, Any, Any]) -> None:
    """Whoever looks after the source of uploads; before there is one, an administrator."""
    with knowledge_base(request).catalog.reading() as connection:
        found = [s for s in sources.all_of(connection) if s.following.uploads]
    if not any(principal_of(request).answers_for(s.id) for s in found):
        must_manage(request)
