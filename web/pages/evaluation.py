"""Evaluation: what was measured, two runs side by side, and the questions that changed."""

from typing import Any

from litestar import MediaType, Request, get, post
from litestar.response import Redirect
from sqlalchemy import Row

from kb.audit.log import noted
from kb.catalog import evaluations
from kb.errors import NotFoundError, UsageError
from kb.evaluation import charts, comparing
from web.asker import knowledge_base, principal_of
from web.auth.who import ADMINISTRATOR
from web.numbers import Number, number_of
from web.rendering import render

MOST_SHOWN = 200
OWN = "own"
"""Measured on the organisation's own documents: which of them were found is the owner's to see."""


@get("/evaluation", media_type=MediaType.HTML, include_in_schema=False, who=ADMINISTRATOR)
async def listed(request: Request[Any, Any, Any]) -> str:
    """Every run, the newest first."""

    def look() -> list[Row[Any]]:
        with knowledge_base(request).catalog.reading() as connection:
            return evaluations.all_of(connection)

    values = {
        "runs": await knowledge_base(request).read(look),
        "headline": comparing.headline,
    }
    return render(request, "evaluations.html", values)


@get(
    "/evaluation/{number:int}",
    media_type=MediaType.HTML,
    include_in_schema=False,
    who=ADMINISTRATOR,
)
async def one(request: Request[Any, Any, Any], number: Number) -> str:
    """One run: charts, figures, what failed."""
    row, _ = await knowledge_base(request).read(_run, request, number)
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
    before, after = sorted(chosen)

    def look() -> dict[str, Any]:
        (left, old), (right, new) = _run(request, before), _run(request, after)
        told = principal_of(request).owner or OWN not in {left.kind, right.kind}
        figures = comparing.flat(left.figures), comparing.flat(right.figures)
        return {
            "left": left,
            "right": right,
            "rows": [(n, figures[0][n], figures[1][n]) for n in figures[0] if n in figures[1]],
            "changes": comparing.changes(old, new) if told else [],
            "left_charts": charts.charts_of(left.figures)[:1],
            "right_charts": charts.charts_of(right.figures)[:1],
            "most": MOST_SHOWN,
        }

    return render(request, "evaluation_compared.html", await knowledge_base(request).read(look))


def _run(request: Request[Any, Any, Any], number: int) -> tuple[Row[Any], dict[str, Row[Any]]]:
    with knowledge_base(request).catalog.reading() as connection:
        row = evaluations.get(connection, number)
        if row is None:
            raise NotFoundError("There is no such evaluation.", detail={"evaluation": number})
        return row, evaluations.questions(connection, number)


@post(
    "/evaluation/{number:int}/forget", include_in_schema=False, status_code=303, who=ADMINISTRATOR
)
async def forget(request: Request[Any, Any, Any], number: Number) -> Redirect:
    """Forget a run."""

    def remove() -> bool:
        with knowledge_base(request).catalog.writing() as connection:
            noted(connection, principal_of(request), "evaluation.forget", str(number))
            return evaluations.remove(connection, number)

    if not await knowledge_base(request).write(remove):
        raise NotFoundError("There is no such evaluation.", detail={"evaluation": number})
    return Redirect("/evaluation", status_code=303)
