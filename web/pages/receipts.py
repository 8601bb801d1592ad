"""How an answer came to be; run again, with what has changed since."""

from typing import Any

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.answers import rerun
from kb.surface import showing
from kb.types.kept import Receipt
from web.api.ask import answer_alone
from web.asker import knowledge_base, principal_of
from web.auth.who import READER
from web.i18n import translate
from web.rendering import render


@get("/answers/{answer_id:str}", media_type=MediaType.HTML, include_in_schema=False, who=READER)
async def receipt(
    request: Request[Any, Any, Any], answer_id: str, beside: str | None = None
) -> str:
    """Question, answer, passages with versions, prompt, model, settings, times."""
    base, principal = knowledge_base(request), principal_of(request)
    wanted = (answer_id, beside) if beside else (answer_id,)
    shown, *earlier = await base.read(base.receipts.side_by_side, principal, *wanted)
    before = earlier[0] if earlier else None
    values = {
        "receipt": shown,
        "before": before,
        **_shown(request, shown),
        "changes": rerun.changes(before, shown) if before else None,
    }
    return render(request, "receipt.html", values)


def _shown(request: Request[Any, Any, Any], receipt: Receipt) -> dict[str, Any]:
    """The answer's form, its citations by source, and its verdict in words."""
    answer = receipt.answer
    if answer is None:
        return {"form": (), "sources": [], "verdict": None}
    return {
        "form": showing.form_of(answer),
        "sources": showing.by_source(answer.citations),
        "verdict": showing.verdict(answer, translate(request)),
    }


@post("/answers/{answer_id:str}/again", include_in_schema=False, status_code=303, who=READER)
async def again(request: Request[Any, Any, Any], answer_id: str) -> Redirect:
    """Ask the same question once more; then both side by side.

    It goes into the same conversation, where that is the asker's own.
    """
    base, principal = knowledge_base(request), principal_of(request)
    asked = await base.read(base.answers.again, principal, answer_id)
    answer = await answer_alone(request, asked)
    return Redirect(f"/answers/{answer.id}?beside={answer_id}", status_code=303)
