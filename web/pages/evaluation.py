"""Evaluation: what was measured, two runs side by side, and the questions that changed."""

from typing import Any

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.errors import UsageError
from kb.evaluation import charts, comparing
from kb.evaluation.offered import Offered, offered
from kb.knowledge_base import KnowledgeBase
from web.asker import knowledge_base, principal_of
from web.auth.who import ADMINISTRATOR
from web.numbers import Number, number_of
from web.rendering import render

MOST_SHOWN = 200
"""Most questions of one list: those that were missed, and those that came out otherwise."""
OWN = "own"
"""The kind of a run over the live documents. The owner alone sees which of its questions failed."""


@get("/evaluation", media_type=MediaType.HTML, include_in_schema=False, who=ADMINISTRATOR)
async def listed(request: Request[Any, Any, Any]) -> str:
    """Every evaluation's run, the newest first."""
    base, principal = knowledge_base(request), principal_of(request)
    runs = await base.read(base.evaluations.listed, principal)
    values = {
        "runs": runs,
        "headline": comparing.headline,
        "offered": await base.read(_offered, base),
        "asked": await base.read(base.evaluations.newest_asked, principal),
        "has_model": base.model is not None,
    }
    return render(request, "evaluations.html", values)


def _offered(base: KnowledgeBase) -> list[Offered]:
    """As the owner, who runs it: everybody's own questions."""
    judged = {row.question for row in base.opinions.judged(base.principal(None))}
    return offered(base.settings.data, len(judged))


@post("/evaluation", include_in_schema=False, status_code=303, who=ADMINISTRATOR)
async def act(request: Request[Any, Any, Any]) -> Redirect:
    """Start an evaluation, or stop the one that goes on."""
    form = await request.form()
    base, principal = knowledge_base(request), principal_of(request)
    stopped = number_of(form.get("stop"))
    if stopped is not None:
        await base.write(base.evaluations.stop, principal, stopped)
        return Redirect("/evaluation", status_code=303)
    what = str(form.get("set", ""))
    questions = {one.what: one.questions for one in await base.read(_offered, base)}
    if what not in questions:
        raise UsageError("Choose a set of questions.", code="no_set_chosen")
    wanted = number_of(form.get("drawn")) or questions[what]
    drawn = wanted if wanted < questions[what] else None
    answers = form.get("answers") == "yes"
    await base.write(base.evaluations.ask, principal, what, answers=answers, drawn=drawn)
    return Redirect("/evaluation", status_code=303)


@get(
    "/evaluation/{number:int}",
    media_type=MediaType.HTML,
    include_in_schema=False,
    who=ADMINISTRATOR,
)
async def one(request: Request[Any, Any, Any], number: Number) -> str:
    """One run: charts, figures, what failed."""
    base, principal = knowledge_base(request), principal_of(request)
    row = await base.read(base.evaluations.one, principal, number)
    told = principal.owner or row.kind != OWN
    values = {
        "run": row,
        "charts": charts.charts_of(row.figures),
        "figures": comparing.flat(row.figures),
        "failures": row.figures.get("failures", [])[:MOST_SHOWN] if told else [],
    }
    return render(request, "evaluation.html", values)


@get("/evaluation/compare", media_type=MediaType.HTML, include_in_schema=False, who=ADMINISTRATOR)
async def compare(request: Request[Any, Any, Any]) -> str:
    """Two runs side by side: the older one first."""
    given = {number_of(n) for n in request.query_params.getall("run", [])}
    chosen = {n for n in given if n is not None}
    if len(chosen) != 2:
        raise UsageError("Choose two runs to lay side by side.", code="two_runs_needed")
    base, principal = knowledge_base(request), principal_of(request)
    both = base.evaluations.side_by_side
    before, after = await base.read(both, principal, *sorted(chosen))
    left, right = before.run, after.run
    told = principal.owner or OWN not in {left.kind, right.kind}
    pairs = comparing.common(before.questions, after.questions)
    counts = len(before.questions), len(after.questions)
    same = counts == (len(pairs), len(pairs))
    values = {
        "left": left,
        "right": right,
        "rows": comparing.compared(pairs),
        "common": len(pairs),
        "counts": counts,
        "same": same,
        "changes": comparing.changes(before.questions, after.questions) if told else [],
        "left_charts": charts.charts_of(left.figures)[:1] if same else [],
        "right_charts": charts.charts_of(right.figures)[:1] if same else [],
        "most": MOST_SHOWN,
    }
    return render(request, "evaluation_compared.html", values)


@post(
    "/evaluation/{number:int}/forget", include_in_schema=False, status_code=303, who=ADMINISTRATOR
)
async def forget(request: Request[Any, Any, Any], number: Number) -> Redirect:
    """Forget a run."""
    base = knowledge_base(request)
    await base.write(base.evaluations.forget, principal_of(request), number)
    return Redirect("/evaluation", status_code=303)
