"""``POST /api/v1/uploads?name=&readers=``: one file, as the body of the request."""

from typing import Any

from litestar import Request, post

from kb.rights import rules
from web.asker import knowledge_base, principal_of
from web.auth.who import CURATOR


@post(
    "/api/v1/uploads",
    summary="Hand in a file",
    status_code=201,
    request_max_body_size=None,  # the stream itself is counted, against ingest.max_file_mb
    who=CURATOR,
)
async def upload(request: Request[Any, Any, Any], name: str, readers: str = "") -> dict[str, Any]:
    """Store a file in a source of uploads; it is read before anything else.

    ``readers`` are who may read it (``everyone``, groups, ``person:NAME``; commas between): each
    choice of readers has a source of its own. Without them it goes to the only source of uploads
    of whoever hands it in; where there is none, or are several, it is refused.
    """
    base, principal = knowledge_base(request), principal_of(request)
    source = await base.write(base.uploads.source, principal, rules.names(readers))
    path = await base.uploads.store(source, name, request.stream(), principal)
    return {"source": source.name, "path": path}
