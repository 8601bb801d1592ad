"""What the documents' owners work through: unanswered questions, and answers called bad."""

from typing import Any

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.answers.opinions import PAGE
from web.asker import knowledge_base, principal_of
from web.auth.who import CURATOR
from web.numbers import Number
from web.rendering import render


@get("/review", media_type=MediaType.HTML, include_in_schema=False, who=CURATOR)
async def listed(request: Request[Any, Any, Any], done: bool = False, start: Number = 0) -> str:
    """Questions to work through, the newest first; those done are on a page of their own."""
    base, principal = knowledge_base(request), principal_of(request)
    rows = await base.read(base.opinions.to_review, principal, settled=done, start=start)
    values = {
        "rows": rows[:PAGE],
        "done": done,
        "earlier": max(0, start - PAGE) if start else None,
        "later": start + PAGE if len(rows) > PAGE else None,
    }
    return render(request, "review.html", values)


@post("/review/{answer_id:str}", include_in_schema=False, status_code=303, who=CURATOR)
async def settle(request: Request[Any, Any, Any], answer_id: str) -> Redirect:
    """Take a question off the list, or put it back."""
    form = await request.form()
    done = str(form.get("done", "")) == "true"
    base, principal = knowledge_base(request), principal_of(request)
    await base.write(base.opinions.settle, principal, answer_id, done=done)
    return Redirect("/review" if done else "/review?done=true", status_code=303)


@get("/evaluation/questions", media_type=MediaType.HTML, include_in_schema=False, who=CURATOR)
async def judged(request: Request[Any, Any, Any]) -> str:
    """The organisation's own questions with their right passages."""
    base, principal = knowledge_base(request), principal_of(request)
    rows = await base.read(base.opinions.judged, principal)
    return render(request, "own_questions.html", {"rows": rows})


@post(
    "/evaluation/questions/{number:int}/forget",
    include_in_schema=False,
    status_code=303,
    who=CURATOR,
)
async def forget(request: Request[Any, Any, Any], number: Number) -> Redirect:
    """Forget one of the organisation's own questions."""
    base, principal = knowledge_base(request), principal_of(request)
    await base.write(base.opinions.forget, principal, number)
    return Redirect("/evaluation/questions", status_code=303)
