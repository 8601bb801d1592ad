"""Evaluation: what was measured, two runs side by side, and the questions that changed."""

from typing import Any

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.errors import UsageError
from kb.evaluation import charts, comparing
from web.asker import knowledge_base, principal_of
from web.auth.who import ADMINISTRATOR
from web.numbers import Number, number_of
from web.rendering import render

MOST_SHOWN = 200
OWN = "own"
"""The kind of a run over the live documents. The owner alone sees which of its questions failed."""


@get("/evaluation", media_type=MediaType.HTML, include_in_schema=False, who=ADMINISTRATOR)
async def listed(request: Request[Any, Any, Any]) -> str:
    """Every evaluation's run, the newest first."""
    base = knowledge_base(request)
    runs = await base.read(base.evaluations.listed)
    values = {"runs": runs, "headline": comparing.headline}
    return render(request, "evaluations.html", values)


@get(
    "/evaluation/{number:int}",
    media_type=MediaType.HTML,
    include_in_schema=False,
    who=ADMINISTRATOR,
)
async def one(request: Request[Any, Any, Any], number: Number) -> str:
    """One run: charts, figures, what failed."""
    base = knowledge_base(request)
    row = await base.read(base.evaluations.one, number)
    told = principal_of(request).owner or row.kind != OWN
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
    base = knowledge_base(request)
    before, after = await base.read(base.evaluations.side_by_side, *sorted(chosen))
    left, right = before.run, after.run
    told = principal_of(request).owner or OWN not in {left.kind, right.kind}
    old, new = comparing.flat(left.figures), comparing.flat(right.figures)
    values = {
        "left": left,
        "right": right,
        "rows": [(name, old[name], new[name]) for name in old if name in new],
        "changes": comparing.changes(before.questions, after.questions) if told else [],
        "left_charts": charts.charts_of(left.figures)[:1],
        "right_charts": charts.charts_of(right.figures)[:1],
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
