"""``GET /api/v1/search`` and the suggestions under the box."""

import asyncio
from typing import Annotated, Any

from litestar import Request, get
from litestar.params import Parameter

from kb import shapes
from kb.catalog import answers, ledger
from kb.catalog.ledger import LedgerFilter
from web.asker import knowledge_base, principal_of


@get("/api/v1/search", summary="Find passages")
async def search(
    request: Request[Any, Any, Any],
    q: Annotated[str, Parameter(description="The question.")] = "",
    limit: Annotated[int, Parameter(description="How many passages, 1 to 100.")] = 10,
) -> dict[str, Any]:
    """The best passages for a question that the asker may read."""
    found = await knowledge_base(request).search(q, principal_of(request), limit)
    return shapes.hits(found.passages)


@get("/api/v1/suggest", summary="Suggest titles and earlier questions")
async def suggest(request: Request[Any, Any, Any], q: str = "") -> dict[str, Any]:
    """Titles that contain the text, and the asker's own earlier questions."""
    kb, principal, text = knowledge_base(request), principal_of(request), q.strip()[:100]

    def look() -> dict[str, Any]:
        with kb.catalog.reading() as connection:
            asked = answers.recent_questions(connection, principal, 40)
            rows = ledger.rows(connection, principal, LedgerFilter(text=text), limit=5)
        earlier = [a for a in asked if text.casefold() in a.casefold()][:5]
        return {"questions": earlier, "titles": [r.title or r.path for r in rows]}

    return await asyncio.to_thread(look) if text else {"questions": [], "titles": []}
