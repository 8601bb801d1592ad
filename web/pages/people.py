"""People and groups, for administrators."""

from typing import Any

from litestar import MediaType, Request, Response, get, post
from litestar.response import Redirect

from kb.errors import UsageError
from web.addresses import here
from web.asker import knowledge_base, must_have_signed_in, principal_of
from web.auth.who import ADMINISTRATOR
from web.rendering import render

BACK = "/people"


@get("/people", media_type=MediaType.HTML, include_in_schema=False, who=ADMINISTRATOR)
async def listed(
    request: Request[Any, Any, Any], edit: str | None = None, remove: str | None = None
) -> Response[Any]:
    """Everybody, with their groups; one open for changes, or asking before they go."""
    return await _page(request, {"edit": edit, "remove": remove})


async def _page(request: Request[Any, Any, Any], more: dict[str, Any]) -> Response[Any]:
    base = knowledge_base(request)
    found = await base.read(base.accounts.everybody, principal_of(request))
    shown = {"people": found.people, "groups": found.groups}
    values = {"edit": None, "remove": None, "link": None} | shown | more
    page = render(request, "people.html", values)
    headers = {"Cache-Control": "no-store"}
    return Response(page, media_type=MediaType.HTML, status_code=200, headers=headers)


@post("/people", include_in_schema=False, status_code=303, who=ADMINISTRATOR)
async def act(request: Request[Any, Any, Any]) -> Response[Any]:
    """Add, change, invite, disable or remove a person; add or remove a group."""
    form = {k: str(v).strip() for k, v in (await request.form()).items()}
    action, name = form.get("action", ""), form.get("name", "")
    base, by = knowledge_base(request), principal_of(request)
    if action in {"add", "link"} or {"administrator", "without_second_factor"} & set(form):
        must_have_signed_in(request)
    if action == "add":
        await base.write(
            base.accounts.add, by, name, words(form.get("groups", "")),
            shown_name=form.get("shown_name", ""), administrator="administrator" in form,
        )  # fmt: skip
        return await _with_link(request, name)
    if action == "link":
        return await _with_link(request, name)
    if action == "change":
        await base.write(
            base.accounts.change, by, name, member_of=words(form.get("groups", "")),
            administrator="administrator" in form, disabled="disabled" in form,
            without_second_factor="without_second_factor" in form,
        )  # fmt: skip
    elif action == "end":
        await base.write(base.accounts.end_session, by, name, form.get("session", ""))
    elif action == "remove":
        if form.get("confirm", "") != name:
            raise UsageError(
                "Type the name to remove the person. Nothing was removed.", code="not_confirmed"
            )
        await base.write(base.accounts.remove, by, name)
    elif action == "add_group":
        await base.write(base.groups.add, by, name)
    elif action == "remove_group":
        await base.write(base.groups.remove, by, name)
    else:
        raise UsageError("There is no such action.")
    return Redirect(BACK, status_code=303)


def words(text: str) -> tuple[str, ...]:
    """The words of a list with commas."""
    return tuple(dict.fromkeys(w.strip() for w in text.split(",") if w.strip()))


async def _with_link(request: Request[Any, Any, Any], name: str) -> Response[Any]:
    """The page with a link to hand over; it is shown this once."""
    base = knowledge_base(request)
    secret = await base.write(base.accounts.link_for, principal_of(request), name)
    address = here(request, f"/link/{secret}")
    return await _page(request, {"link": (name, address, base.settings.auth.link_hours)})


ROUTES = [listed, act]
