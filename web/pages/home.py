"""Home: ask and search in one. Before there are documents: the first steps."""

from typing import Any

from litestar import MediaType, Request, get

from kb.catalog import sources as sources_catalog
from kb.knowledge_base import KnowledgeBase
from kb.surface import status
from web.asker import knowledge_base, principal_of
from web.auth.who import READER
from web.rendering import render


@get("/", media_type=MediaType.HTML, include_in_schema=False, who=READER)
async def home(request: Request[Any, Any, Any], q: str = "") -> str:
    """The box; what was asked is in the address, and the script asks it again."""
    kb = knowledge_base(request)
    if principal_of(request).manages and not await kb.read(_has_documents, kb):
        sources = await kb.read(kb.sources)
        model = await status.model_status(kb)
        values = {"sources": sources, "model": model, "data_dir": kb.settings.data_dir}
        return render(request, "first_start.html", values)
    principal = principal_of(request)
    count = await kb.read(kb.search.documents, principal)
    may_pin = principal.manages or bool(principal.curates)
    shown = {"q": q[:2000], "documents": count, "may_pin": may_pin}
    return render(request, "home.html", shown)


def _has_documents(kb: KnowledgeBase) -> bool:
    """Whether there is anything to search, for whomever."""
    with kb.catalog.reading() as connection:
        return sources_catalog.has_documents(connection)
