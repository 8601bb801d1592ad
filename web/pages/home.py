"""Home: ask and search in one. Before there are documents: the first steps."""

from typing import Any

from litestar import MediaType, Request, get

from kb.surface import status
from web.asker import knowledge_base, principal_of
from web.auth.who import READER
from web.rendering import render


@get("/", media_type=MediaType.HTML, include_in_schema=False, who=READER)
async def home(request: Request[Any, Any, Any], q: str = "") -> str:
    """The box; what was asked is in the address, and the script asks it again."""
    base, principal = knowledge_base(request), principal_of(request)
    count = await base.read(base.ledger.searchable, principal)
    if principal.manages and count is None:
        sources = await base.read(base.sources.all)
        model = await status.model_status(base)
        values = {"sources": sources, "model": model, "data_dir": base.settings.data_dir}
        return render(request, "first_start.html", values)
    may_pin = principal.manages or bool(principal.curates)
    shown = {"q": q[:2000], "documents": count or 0, "may_pin": may_pin}
    return render(request, "home.html", shown)
