"""Conversations: find one, go on with it, rename, share, take it along, delete it."""

from typing import Any
from urllib.parse import quote, urlencode

from litestar import MediaType, Request, Response, get, post
from litestar.response import Redirect

from kb.answers.conversations import PAGE
from kb.errors import UsageError
from kb.surface import exports, showing, word
from kb.types.conversations import SharedTurn
from web.asker import knowledge_base, principal_of, shares
from web.auth.who import READER
from web.i18n import translate
from web.numbers import Number
from web.rendering import render

LONGEST_NAME = 80
"""Most characters that a file's name takes of a conversation's title."""
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@get(
    "/conversations",
    media_type=MediaType.HTML,
    include_in_schema=False,
    who=READER,
)
async def listed(
    request: Request[Any, Any, Any], start: Number = 0, edit: str | None = None,
    remove: str | None = None, share: str | None = None, text: str = "",
) -> str:  # fmt: skip
    """The asker's own conversations, last used first; one may be open for what is done with it."""
    base, principal = knowledge_base(request), principal_of(request)
    rows = await base.read(base.conversations.listed, principal, start, text)
    values = {
        "rows": rows[:PAGE],
        "earlier": max(0, start - PAGE) if start else None,
        "later": start + PAGE if len(rows) > PAGE else None,
        "edit": edit,
        "remove": remove,
        "share": share,
        "text": text,
        "more": f"&{urlencode({'text': text})}" if text else "",
        "there": (base.settings.server.public_url or str(request.base_url)).rstrip("/"),
    }
    return render(request, "conversations.html", values)


@get("/conversations/{number:str}", media_type=MediaType.HTML, include_in_schema=False, who=READER)
async def one(request: Request[Any, Any, Any], number: str) -> str:
    """A conversation to be read: one's own, or what one may read of one that was shared."""
    base, principal = knowledge_base(request), principal_of(request)
    talk = await base.read(base.conversations.seen, principal, number)
    _ = translate(request)
    turns = [_turn(turn, _, mine=talk.mine) for turn in talk.turns]
    return render(request, "conversation.html", {"talk": talk, "turns": turns})


def _turn(turn: SharedTurn, _: showing.Translate, *, mine: bool) -> dict[str, Any]:
    """A turn as its page shows it."""
    receipt = turn.receipt
    answer = receipt.answer if receipt else None
    told = exports.told(turn, mine=mine)
    return {
        "receipt": receipt,
        "answer": answer,
        "told": _(told) if told else None,
        "form": showing.form_of(answer) if answer else (),
        "sources": showing.by_source(answer.citations) if answer else [],
        "verdict": showing.verdict(answer, _) if answer else None,
    }


@get("/conversations/{number:str}/export", include_in_schema=False, who=READER)
async def export(request: Request[Any, Any, Any], number: str, form: str = "md") -> Response[bytes]:
    """A conversation as a file: Markdown (``md``) or Word (``docx``)."""
    if form not in ("md", "docx"):
        raise UsageError("A conversation is exported as md or docx.", code="no_such_form")
    base, principal = knowledge_base(request), principal_of(request)
    talk = await base.read(base.conversations.seen, principal, number)
    words = translate(request)
    if form == "md":
        content = exports.as_markdown(talk, words).encode()
    else:
        parts = exports.parts(talk, words)
        content = await shares(request).exports.run(word.document, parts, talk.title)
    name = f"{talk.title.strip(' .')[:LONGEST_NAME] or number}.{form}".replace("/", "-")
    return Response(
        content,
        media_type=WORD if form == "docx" else "text/markdown; charset=utf-8",
        headers={
            "Content-Disposition": "attachment; "
            f"filename=conversation.{form}; filename*=UTF-8''{quote(name, safe='')}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


@post("/conversations/{number:str}", include_in_schema=False, status_code=303, who=READER)
async def act(request: Request[Any, Any, Any], number: str) -> Redirect:
    """Rename, share or delete a conversation."""
    form = await request.form()
    base, principal = knowledge_base(request), principal_of(request)
    action = str(form.get("action", ""))
    there = "/conversations"
    if action == "rename":
        title = str(form.get("title", ""))
        await base.write(base.conversations.rename, principal, number, title)
    elif action == "remove":
        await base.write(base.conversations.remove, principal, number)
    elif action in ("share", "unshare"):
        shared = action == "share"
        await base.write(base.conversations.share, principal, number, is_shared=shared)
        there = f"/conversations?{urlencode({'share': number})}"
    else:
        raise UsageError("There is no such action.")
    return Redirect(there, status_code=303)
