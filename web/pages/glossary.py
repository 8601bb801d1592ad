"""The house's abbreviations, and the answers that are pinned."""

from typing import Any

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.errors import UsageError
from web.asker import knowledge_base, principal_of
from web.auth.who import CURATOR
from web.numbers import number_of
from web.rendering import render


@get("/glossary", media_type=MediaType.HTML, include_in_schema=False, who=CURATOR)
async def page(request: Request[Any, Any, Any]) -> str:
    """The page with both, one beneath the other."""
    base, principal = knowledge_base(request), principal_of(request)
    words = await base.read(base.glossary.beside_pins, principal)
    return render(request, "glossary.html", {"terms": words.terms, "pins": words.pins})


@post("/glossary", include_in_schema=False, status_code=303, who=CURATOR)
async def change(request: Request[Any, Any, Any]) -> Redirect:
    """Say what an abbreviation means, or take one away; take a pin away."""
    form = {k: str(v).strip() for k, v in (await request.form()).items()}
    base, principal = knowledge_base(request), principal_of(request)
    action, number = form.get("action", ""), number_of(form.get("number", ""))
    if action == "set":
        short, meaning = form.get("short", ""), form.get("meaning", "")
        await base.write(base.glossary.set, principal, short, meaning)
    elif action == "remove" and number is not None:
        await base.write(base.glossary.remove, principal, number)
    elif action == "unpin" and number is not None:
        await base.write(base.pins.remove, principal, number)
    else:
        raise UsageError("There is no such action.")
    return Redirect("/glossary", status_code=303)
