"""Home: ask and search in one. Before there are documents: the first steps."""

import asyncio
from typing import Any

from litestar import MediaType, Request, get

from kb import status
from web.asker import knowledge_base
from web.auth.who import READER
from web.rendering import render


@get("/", media_type=MediaType.HTML, include_in_schema=False, who=READER)
async def home(request: Request[Any, Any, Any], q: str = "") -> str:
    """The box; what was asked is in the address, and the script asks it again."""
    kb = knowledge_base(request)
    sources = await asyncio.to_thread(kb.sources)
    if not any(s.documents for s in sources):
        model = await status.model_status(kb)
        values = {"sources": sources, "model": model, "data_dir": kb.settings.data_dir}
        return render(request, "first_start.html", values)
    count = sum(s.documents for s in sources)
    return render(request, "home.html", {"q": q[:2000], "documents": count})
