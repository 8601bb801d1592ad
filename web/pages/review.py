"""What the documents' owners work through: unanswered questions, and answers called bad."""

from typing import Any

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.answers.opinions import PAGE
from kb.surface import showing
from kb.types.answers import Answer
from kb.types.passages import Passage
from kb.types.searches import LONGEST_ANSWER
from web.asker import knowledge_base, principal_of
from web.auth.who import CURATOR
from web.numbers import Number
from web.rendering import render


@get("/review", media_type=MediaType.HTML, include_in_schema=False, who=CURATOR)
async def listed(request: Request[Any, Any, Any], done: bool = False, start: Number = 0) -> str:
    """Questions to work through, the newest first; those done are on a page of their own."""
    base, principal = knowledge_base(request), principal_of(request)
    rows = await base.read(base.opinions.reviewed, principal, settled=done, start=start)
    values = {
        "rows": rows[:PAGE],
        "written": {row.asked.id: _written(row.answer) for row in rows},
        "quoted": {row.asked.id: _quoted(row.nearest) for row in rows},
        "longest": LONGEST_ANSWER,
        "done": done,
        "earlier": max(0, start - PAGE) if start else None,
        "later": start + PAGE if len(rows) > PAGE else None,
    }
    return render(request, "review.html", values)


def _written(answer: Answer | None) -> str | None:
    """What an answer said, as plain text; None where it may not be read any more."""
    if answer is None:
        return None
    return showing.plain(answer)


def _quoted(passage: Passage | None) -> str:
    """A passage as an answer to begin with: its words, as many as a pin takes."""
    words = " ".join(passage.text.split()) if passage else ""
    return words if len(words) <= LONGEST_ANSWER else words[: LONGEST_ANSWER - 2] + " …"


@post("/review/{answer_id:str}", include_in_schema=False, status_code=303, who=CURATOR)
async def settle(request: Request[Any, Any, Any], answer_id: str) -> Redirect:
    """Take a question off the list, or put it back; or pin an answer to it, and that is done."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    base, principal = knowledge_base(request), principal_of(request)
    pins = form.get("action") == "pin"
    if pins:
        await base.write(
            base.pins.add, principal, form.get("question", ""), form.get("answer", ""),
            form.get("passage", ""),
        )  # fmt: skip
    done = pins or form.get("done") == "true"
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
