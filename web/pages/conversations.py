"""Conversations: go on with one, rename it, delete it."""

from typing import Any

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.answers.conversations import PAGE
from kb.errors import UsageError
from web.asker import knowledge_base, principal_of
from web.auth.who import READER
from web.numbers import Number
from web.rendering import render


@get(
    "/conversations",
    media_type=MediaType.HTML,
    include_in_schema=False,
    who=READER,
)
async def listed(
    request: Request[Any, Any, Any], start: Number = 0, edit: str | None = None,
    remove: str | None = None,
) -> str:  # fmt: skip
    """The asker's own conversations, last used first; one may be open to rename or delete it."""
    base, principal = knowledge_base(request), principal_of(request)
    rows = await base.read(base.conversations.listed, principal, start)
    values = {
        "rows": rows[:PAGE],
        "earlier": max(0, start - PAGE) if start else None,
        "later": start + PAGE if len(rows) > PAGE else None,
        "edit": edit,
        "remove": remove,
    }
    return render(request, "conversations.html", values)


@post("/conversations/{number:str}", include_in_schema=False, status_code=303, who=READER)
async def act(request: Request[Any, Any, Any], number: str) -> Redirect:
    """Rename or delete a conversation."""
    form = await request.form()
    base, principal = knowledge_base(request), principal_of(request)
    action = str(form.get("action", ""))
    if action == "rename":
        title = str(form.get("title", ""))
        await base.write(base.conversations.rename, principal, number, title)
    elif action == "remove":
        await base.write(base.conversations.remove, principal, number)
    else:
        raise UsageError("There is no such action.")
    return Redirect("/conversations", status_code=303)
