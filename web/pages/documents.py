"""Documents: the ledger."""

from dataclasses import asdict
from functools import partial
from typing import Any
from urllib.parse import urlencode

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.audit.log import noted
from kb.catalog import documents as tables
from kb.catalog import groups, ledger, sources
from kb.catalog.database import Connection
from kb.errors import ForbiddenError, UsageError
from kb.rights import access
from kb.surface import reasons
from kb.types.library import ASKED, LedgerFilter
from kb.types.parsed import State
from kb.types.people import Principal
from web.api.ledger import StateQuery, check_state
from web.asker import knowledge_base, principal_of
from web.auth.who import CURATOR, READER
from web.i18n import language_of, translations
from web.numbers import Number, number_of
from web.rendering import render

MOST_RETRIED = 5000
PAGE = 50
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
    kb = knowledge_base(request)
    found = await kb.read(_look, request, wanted, order, page)
    translate = translations(language_of(request)).gettext
    return render(
        request,
        "documents.html",
        {
            **found,
            "states": [s.value for s in State],
            "wanted": wanted,
            "order": order,
            "number": page,
            "address": partial(_address, {**asdict(wanted), "order": order}),
            "crumbs": _crumbs(wanted.folder),
            "cause": lambda code: reasons.title(code, translate),
            "upload": found["upload"],
            "limit_mb": kb.settings.ingest.max_file_mb,
            "sources": found["sources"],
            "may_change": principal_of(request).manages or bool(principal_of(request).curates),
            "reason": lambda row: reasons.render(row.code, row.parameters, translate),
        },
    )


def _upload(connection: Connection, principal: Principal) -> dict[str, Any]:
    """Who reads what is handed in; before the first file, who might."""
    found = next((s for s in sources.all_of(connection) if s.following.uploads), None)
    if found is not None:
        may = principal.answers_for(found.id)
        return {"may": may, "readers": access.in_words(connection, found.readers), "choice": []}
    names = [name for name, _ in groups.all_of(connection)] if principal.manages else []
    choice = [] if principal.owner else [f"person:{principal.name}"]
    return {"may": principal.manages, "readers": None, "choice": [*names, *choice]}


def _look(
    request: Request[Any, Any, Any], wanted: LedgerFilter, order: str, page: int
) -> dict[str, Any]:
    """Counts, and one page of rows (one more is asked for, to know whether there is another)."""
    kb, principal = knowledge_base(request), principal_of(request)
    start = (page - 1) * PAGE
    with kb.catalog.reading() as connection:
        rows = ledger.rows(connection, principal, wanted, limit=PAGE + 1, offset=start, order=order)
        return {
            "counts": ledger.count_by_state(connection, principal, wanted),
            "causes": ledger.count_by_reason(connection, principal, wanted),
            "sources": ledger.sources_of(connection, principal),
            "upload": _upload(connection, principal),
            "rows": rows[:PAGE],
            "more": len(rows) > PAGE,
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
    kb, principal = knowledge_base(request), principal_of(request)
    one = number_of(form.get("document", ""))
    state, code = str(form.get("state", "")) or None, str(form.get("code", "")) or None
    check_state(state)
    if one is None and not (state or code):
        raise UsageError("Say which files are to be tried again.")

    def ask() -> None:
        if one is not None:
            chosen = [kb.document(principal, one)]
            if not principal.answers_for(chosen[0].source_id):
                raise ForbiddenError(f"You do not answer for {chosen[0].source}.")
        else:
            wanted = LedgerFilter(state=state, code=code)
            found = kb.files(principal, wanted, limit=MOST_RETRIED)
            chosen = [row for row in found if principal.answers_for(row.source_id)]
        with kb.catalog.writing() as connection:
            tables.try_again(connection, [row.id for row in chosen])
            for source_id in {row.source_id for row in chosen}:
                sources.request_run(connection, source_id, ASKED)
            noted(connection, principal, "documents.again", str(one or ""), count=len(chosen))

    await kb.write(ask)
    back = str(form.get("back", "/documents"))
    is_here = back.startswith("/documents") and not back.startswith("//")
    return Redirect(back if is_here else "/documents", status_code=303)


@post("/documents/{document_id:int}/erase", include_in_schema=False, status_code=303, who=CURATOR)
async def erase(request: Request[Any, Any, Any], document_id: Number) -> Redirect:
    """Erase a document now, from everywhere."""
    kb, principal = knowledge_base(request), principal_of(request)
    row = await kb.read(kb.document, principal, document_id)
    if not principal.answers_for(row.source_id):
        raise ForbiddenError(f"You do not answer for {row.source}.")
    await kb.erase(principal, [document_id])
    return Redirect("/documents", status_code=303)
