"""The audit log, for administrators: filtered, verified, exported."""

from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any

from litestar import MediaType, Request, get
from litestar.response import Stream

from web.asker import knowledge_base, principal_of, shares
from web.auth.who import ADMINISTRATOR
from web.fair_use import Shares
from web.numbers import Number
from web.rendering import render

PAGE, PART = 100, 500
"""Entries of one page; and lines of an export that are written at once."""


@get("/audit", media_type=MediaType.HTML, include_in_schema=False, who=ADMINISTRATOR)
async def listed(
    request: Request[Any, Any, Any],
    actor: str = "",
    action: str = "",
    text: str = "",
    before: Number = 0,
    verify: bool = False,
) -> str:
    """The log's entries that the filters leave, the newest first."""
    base = knowledge_base(request)
    page = await base.read(
        base.audit.page, principal_of(request), actor=actor[:200], action=action[:60],
        text=text[:200], before=before, limit=PAGE, verified=verify,
    )  # fmt: skip
    values = {
        "rows": page.rows,
        "more": page.more,
        "verdict": page.verdict,
        "wanted": {"actor": actor, "action": action, "text": text},
    }
    return render(request, "audit.html", values)


@get("/audit.jsonl", include_in_schema=False, who=ADMINISTRATOR)
async def exported(request: Request[Any, Any, Any]) -> Stream:
    """Every entry with its hash, a line each, the oldest first."""
    base = knowledge_base(request)
    return Stream(
        _in_parts(shares(request), base.audit.lines(principal_of(request))),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": "attachment; filename=audit.jsonl"},
    )


async def _in_parts(threads: Shares, lines: Iterator[str]) -> AsyncIterator[str]:
    while part := await threads.exports.run(lambda: "".join(islice(lines, PART))):
        yield part


ROUTES = [listed, exported]
