"""Documents: the ledger."""

import asyncio
from typing import Any
from urllib.parse import urlencode

from litestar import MediaType, Request, get

from kb import reasons
from kb.catalog import ledger
from kb.catalog.ledger import LedgerFilter
from kb.errors import UsageError
from kb.types import State
from web.api.ledger import StateQuery, check_state
from web.asker import knowledge_base, principal_of
from web.i18n import language_of, translations
from web.rendering import render

PAGE = 50
ORDERS = ("path", "state", "pages", "passages", "changed", "indexed")


@get("/documents", media_type=MediaType.HTML, include_in_schema=False)
async def documents(
    request: Request[Any, Any, Any],
    in_state: StateQuery = None,
    source: str | None = None,
    text: str | None = None,
    order: str = "path",
    page: int = 1,
) -> str:
    """Counters by state, then the files, sorted and paged here."""
    state = in_state or None
    check_state(state)
    if page < 1 or page > 100_000 or order not in ORDERS:
        raise UsageError("There is no such page of the ledger.")
    kb, principal = knowledge_base(request), principal_of(request)
    wanted = LedgerFilter(state, source or None, (text or "").strip()[:200] or None)

    def look() -> dict[str, Any]:
        with kb.catalog.reading() as connection:
            counts = ledger.count_by_state(connection, principal, wanted)
            rows = ledger.rows(
                connection,
                principal,
                wanted,
                limit=PAGE + 1,
                offset=(page - 1) * PAGE,
                order=order,
            )
        return {"counts": counts, "rows": rows[:PAGE], "more": len(rows) > PAGE}

    values = await asyncio.to_thread(look)
    translate = translations(language_of(request)).gettext

    def address(**changes: Any) -> str:
        now = {"state": state, "source": source, "text": text, "order": order, "page": page}
        kept = {k: v for k, v in {**now, "page": 1, **changes}.items() if v}
        defaults = {"order": "path", "page": 1}
        return "/documents?" + urlencode({k: v for k, v in kept.items() if defaults.get(k) != v})

    return render(
        request,
        "documents.html",
        {
            **values,
            "states": [s.value for s in State],
            "wanted": wanted,
            "order": order,
            "number": page,
            "address": address,
            "sources": [s.name for s in kb.sources()],
            "reason": lambda row: reasons.render(row.code, row.parameters, translate),
        },
    )
