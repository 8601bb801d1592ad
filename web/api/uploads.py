"""``POST /api/v1/uploads?name=``: one file, as the body of the request."""

from typing import Any

from litestar import Request, post

from kb import access
from web.asker import knowledge_base


@post(
    "/api/v1/uploads",
    summary="Hand in a file",
    status_code=201,
    request_max_body_size=None,  # the stream itself is counted, against ingest.max_file_mb
)
async def upload(request: Request[Any, Any, Any], name: str) -> dict[str, Any]:
    """Store a file in the source of uploads; it is read before anything else."""
    kb = knowledge_base(request)
    with kb.catalog.reading() as connection:
        readers = access.readers(connection, [])
    source, path = await kb.uploads.store(name, request.stream(), readers)
    return {"source": source.name, "path": path}
