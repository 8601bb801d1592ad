"""Conversations, receipts, and what people say of answers."""

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, delete, get, patch, post

from kb.answers.conversations import PAGE
from kb.surface import shapes
from kb.types.points import points_of
from web.asker import knowledge_base, principal_of
from web.auth.who import READER
from web.i18n import translate
from web.numbers import Number


@dataclass(frozen=True, slots=True)
class Title:
    """The body of a renaming."""

    title: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The body of a verdict: ``good``, ``bad`` or ``none``; ``citation`` 0 is the whole answer."""

    verdict: str
    citation: int = 0
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """The body of «this is the right passage»."""

    question: str
    passage_id: str
    right: bool = True


@get("/api/v1/conversations", summary="Conversations", who=READER)
async def listed(request: Request[Any, Any, Any], start: Number = 0) -> dict[str, Any]:
    """The asker's own conversations, the last used first, fifty a page."""
    base, principal = knowledge_base(request), principal_of(request)
    rows = await base.read(base.conversations.listed, principal, start)
    return {
        "conversations": [shapes.conversation(r) for r in rows[:PAGE]],
        "more": len(rows) > PAGE,
    }


@get("/api/v1/conversations/{number:str}", summary="A conversation", who=READER)
async def one(request: Request[Any, Any, Any], number: str) -> dict[str, Any]:
    """A conversation's questions and answers, read again under the rights of this moment."""
    base, principal = knowledge_base(request), principal_of(request)
    talk = await base.read(base.conversations.one, principal, number)
    turns = [shapes.turn(receipt, translate(request)) for receipt in talk.turns]
    return shapes.conversation(talk.conversation) | {"turns": turns}


@patch("/api/v1/conversations/{number:str}", summary="Rename a conversation", who=READER)
async def rename(request: Request[Any, Any, Any], number: str, data: Title) -> dict[str, Any]:
    """Give a conversation another title."""
    base, principal = knowledge_base(request), principal_of(request)
    renamed = await base.write(base.conversations.rename, principal, number, data.title)
    return shapes.conversation(renamed)


@delete("/api/v1/conversations/{number:str}", summary="Delete a conversation", who=READER)
async def remove(request: Request[Any, Any, Any], number: str) -> None:
    """Delete a conversation with its questions and answers."""
    base, principal = knowledge_base(request), principal_of(request)
    await base.write(base.conversations.remove, principal, number)


@get("/api/v1/answers/{answer_id:str}", summary="A kept answer", who=READER)
async def kept(request: Request[Any, Any, Any], answer_id: str) -> dict[str, Any]:
    """An earlier answer, its passages read again under the rights of this moment."""
    base, principal = knowledge_base(request), principal_of(request)
    answer = await base.read(base.receipts.answer, principal, answer_id)
    return shapes.answer(answer, translate(request))


@get("/api/v1/answers/{answer_id:str}/receipt", summary="A receipt", who=READER)
async def receipt(request: Request[Any, Any, Any], answer_id: str) -> dict[str, Any]:
    """How an answer came to be: passages with versions, prompt, model, settings, times."""
    base, principal = knowledge_base(request), principal_of(request)
    found = await base.read(base.receipts.receipt, principal, answer_id)
    return shapes.receipt(found, translate(request))


@post(
    "/api/v1/answers/{answer_id:str}/feedback",
    status_code=204,
    summary="Rate an answer",
    who=READER,
)
async def rate(request: Request[Any, Any, Any], answer_id: str, data: Verdict) -> None:
    """Say what you think of an answer, or of one of its citations."""
    base, principal = knowledge_base(request), principal_of(request)
    await base.write(
        base.opinions.give, principal, answer_id, data.verdict, data.citation, data.comment
    )


@post("/api/v1/questions", status_code=204, summary="Name the right passage", who=READER)
async def judge(request: Request[Any, Any, Any], data: Judged) -> Response[None]:
    """Keep that a passage answers a question; evaluations of one's own are made of these."""
    base, principal = knowledge_base(request), principal_of(request)
    points = points_of(data.passage_id)
    await base.write(base.opinions.judge, principal, data.question, points, right=data.right)
    return Response(None)
