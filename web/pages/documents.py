"""Documents: the ledger."""

from dataclasses import asdict
from functools import partial
from typing import Any
from urllib.parse import urlencode

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.errors import UsageError
from kb.surface import reasons
from kb.types.library import LedgerFilter
from kb.types.parsed import State
from web.api.ledger import StateQuery, check_state
from web.asker import knowledge_base, principal_of
from web.auth.who import CURATOR, READER
from web.i18n import language_of, translations
from web.numbers import Number, number_of
from web.rendering import render

DEFAULTS = {"order": "path", "page": 1}
ORDERS = ("path", "state", "pages", "passages", "changed", "indexed")


@get("/documents", media_type=MediaType.HTML, include_in_schema=False, who=READER)
async def documents(
    request: Request[Any, Any, Any],
    in_state: StateQuery = None,
    source: str | None = None,
    text: str | None = None,
    code: str | None = None,
    folder: str | None = None,
    order: str = "path",
    page: Number = 1,
) -> str:
    """Counters by state, then the files, sorted and paged here."""
    check_state(in_state or None)
    if page < 1 or page > 100_000 or order not in ORDERS:
        raise UsageError("There is no such page of the ledger.")
    wanted = LedgerFilter(
        state=in_state or None,
        source=source or None,
        text=(text or "").strip()[:200] or None,
        code=code or None,
        folder=(folder or "").strip("/") or None,
    )
    base, principal = knowledge_base(request), principal_of(request)
    found = await base.read(base.ledger.page, principal, wanted, order, page)
    words = translations(language_of(request))
    listed = {
        "rows": found.rows,
        "more": found.more,
        "counts": found.counts,
        "causes": found.causes,
        "sources": found.sources,
        "upload": found.upload,
        "cause": lambda code: reasons.title(code, words.gettext),
        "reason": lambda row: reasons.render(row.code, row.parameters, words),
        "limit_mb": base.settings.ingest.max_file_mb,
        "may_change": principal.manages or bool(principal.curates),
    }
    return render(request, "documents.html", listed | _place(wanted, order, page))


def _place(wanted: LedgerFilter, order: str, page: int) -> dict[str, Any]:
    """Where in the ledger this is, and the addresses from here."""
    return {
        "states": [s.value for s in State],
        "wanted": wanted,
        "order": order,
        "number": page,
        "address": partial(_address, {**asdict(wanted), "order": order}),
        "crumbs": _crumbs(wanted.folder),
    }


def _address(shown: dict[str, Any], **changes: Any) -> str:
    """The address of the list with something changed; from its first page, unless told."""
    values = {k: v for k, v in {**shown, **changes}.items() if v and v != DEFAULTS.get(k)}
    return "/documents?" + urlencode(values)


def _crumbs(folder: str | None) -> list[tuple[str, str]]:
    """Each folder on the way down: its name, and its path."""
    parts = (folder or "").split("/") if folder else []
    return [(part, "/".join(parts[: n + 1])) for n, part in enumerate(parts)]


@post("/documents/again", include_in_schema=False, status_code=303, who=CURATOR)
async def again(request: Request[Any, Any, Any]) -> Redirect:
    """Try files again: one by its number, or all that a state and a reason leave."""
    form = await request.form()
    base, principal = knowledge_base(request), principal_of(request)
    one = number_of(form.get("document", ""))
    state, code = str(form.get("state", "")) or None, str(form.get("code", "")) or None
    check_state(state)
    if one is None and not (state or code):
        raise UsageError("Say which files are to be tried again.")
    await base.write(base.ledger.ask_again, principal, LedgerFilter(state=state, code=code), one)
    back = str(form.get("back", "/documents"))
    is_here = back.startswith("/documents") and not back.startswith("//")
    return Redirect(back if is_here else "/documents", status_code=303)


@post("/documents/{document_id:int}/erase", include_in_schema=False, status_code=303, who=CURATOR)
async def erase(request: Request[Any, Any, Any], document_id: Number) -> Redirect:
    """Erase a document now, from everywhere; a worker makes the statement, if one is wanted."""
    form = await request.form()
    base, principal = knowledge_base(request), principal_of(request)
    planner = base.purges.planner(principal) if form.get("proof") else None
    await base.documents.erase(principal, [document_id], planner)
    return Redirect("/administration#erasings" if planner else "/documents", status_code=303)
