"""Embedding models: which are in use, and how the index goes over to others, and back."""

from typing import Any

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.errors import UsageError
from kb.surface.gates import MEASURES
from web.asker import knowledge_base, principal_of
from web.auth.who import ADMINISTRATOR
from web.i18n import translate
from web.numbers import number_of
from web.rendering import render

OWN = "own"
"""The set of the organisation's questions: the owner alone sees which came out otherwise."""


@get("/models", media_type=MediaType.HTML, include_in_schema=False, who=ADMINISTRATOR)
async def page(request: Request[Any, Any, Any], ask: str | None = None) -> str:
    """What is in use, a swap that goes on, how old and new compare, and the way back.

    ``ask`` is the action that is to be confirmed.
    """
    base, principal = knowledge_base(request), principal_of(request)
    newest = await base.read(base.swaps.newest, principal)
    opened = next((one for one in newest if one.is_open), None)
    busy = opened is not None and await base.read(base.swaps.goes_on, principal, opened)
    values = {
        "used": await base.read(base.swaps.used, principal),
        "others": [] if busy else await base.models.embedding(),  # a swap's page is asked often
        "kept": await base.read(base.swaps.kept, principal),
        "opened": opened,
        "busy": busy,
        "newest": newest,
        "compared": next((one for one in newest if one.gate), None),
        "blocked": base.swaps.blocked(),
        "told": {OWN} if principal.owner else set(),
        "ask": ask,
        "measures": {name: translate(request)(words) for name, words in MEASURES.items()},
    }
    return render(request, "models.html", values)


@post("/models", include_in_schema=False, status_code=303, who=ADMINISTRATOR)
async def act(request: Request[Any, Any, Any]) -> Redirect:
    """Go over to other models, pause, go on, give up, switch all the same, or go back."""
    form = await request.form()
    action = str(form.get("action", ""))
    if action == "use":
        await _use(request, [str(name) for name in form.getall("model", [])])
    elif action == "rollback":
        base = knowledge_base(request)
        await base.swaps.rollback(principal_of(request))
    else:
        await _change(request, action, number_of(str(form.get("swap", ""))))
    return Redirect("/models", status_code=303)


async def _use(request: Request[Any, Any, Any], names: list[str]) -> None:
    if not names:
        raise UsageError("Choose at least one model.", code="no_model_chosen")
    await _ask(request, names, force=False)


async def _change(request: Request[Any, Any, Any], action: str, number: int | None) -> None:
    base, principal = knowledge_base(request), principal_of(request)
    if number is None or action not in {"pause", "go_on", "give_up", "force"}:
        raise UsageError("There is no such action.")
    swap = await base.read(base.swaps.one, principal, number)
    if action == "pause":
        await base.write(base.swaps.pause, principal, number)
    elif action == "give_up":
        await base.write(base.swaps.give_up, principal, number)
    else:
        await _ask(request, list(swap.wanted), force=action == "force")


async def _ask(request: Request[Any, Any, Any], names: list[str], *, force: bool) -> None:
    base = knowledge_base(request)
    principal = principal_of(request)
    await base.write(base.swaps.ask, principal, names, force=force, by_worker=True)


ROUTES = [page, act]
