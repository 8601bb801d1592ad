"""Administration: health, what is asked, jobs, models, settings in force, glossary."""

import sys
import time
from typing import Any

import msgspec
from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb import __version__
from kb import settings as settings_module
from kb.audit.log import noted
from kb.catalog import keeping
from kb.errors import KbError, NotFoundError, UsageError
from kb.evaluation import plots
from kb.knowledge_base import KnowledgeBase
from kb.settings import SECTIONS, Settings
from kb.surface import status
from kb.types.asked import AskedLately
from kb.types.library import Run, Source, Standing
from web.asker import knowledge_base, must_manage, principal_of
from web.auth.who import ADMINISTRATOR, CURATOR
from web.folders import Folders, folders
from web.numbers import number_of
from web.rendering import render

DAYS = 30
SECRET = ("password", "secret", "api_key", "url")
LONGEST_SHORT, LONGEST_MEANING = 60, 500


@get("/administration", media_type=MediaType.HTML, include_in_schema=False, who=ADMINISTRATOR)
async def overview(request: Request[Any, Any, Any]) -> str:
    """Whether every part answers, who waits for what, and what is asked."""
    kb = knowledge_base(request)
    cards = await kb.read(kb.sources.cards, principal_of(request))
    asked = await kb.read(kb.questions.lately, DAYS)
    values = {
        **_figures(asked),
        "jobs": [_job(card.standing, folders(request)) for card in cards if card.standing],
        "settings": in_force(kb.settings),
        "waiting": request.app.state.turns.waiting,
        "parts": await _parts(kb),
        "models": await status.models_in_use(kb),
    }
    return render(request, "administration.html", values)


def _figures(asked: AskedLately) -> dict[str, Any]:
    """What is asked, and what finds nothing."""
    return {
        "days": asked.days,
        "asked": sum(n for _, n, _ in asked.days),
        "unanswered": sum(n for _, _, n in asked.days),
        "chart": plots.days(asked.days),
        "frequent": asked.frequent,
        "missing": asked.missing,
        "by_source": asked.by_source,
    }


def _job(standing: Standing, verbs: Folders) -> tuple[Source, Run | None, float | None]:
    """A source, its run where one goes on, and its next."""
    return standing.source, standing.running, verbs.next_run(standing.source)


async def _parts(kb: KnowledgeBase) -> list[dict[str, Any]]:
    """Each part with its version, where it is, and how long it took to answer."""
    s = kb.settings
    parts = [
        {
            "name": "Commonplace",
            "version": __version__,
            "where": sys.executable,
            "ms": None,
            "error": None,
        },
        await _timed("catalog", s.catalog.url.split("@")[-1] or s.data_dir, kb.look()),
        await _timed("embedder", kb.embeddings.files.name, kb.embeddings.engine.call("describe")),
        await _timed("index", s.index.url or s.index.backend, kb.index.languages(["ready"])),
    ]
    model = await status.model_status(kb)
    where = s.llm.url or s.llm.provider
    parts.append(
        {
            "name": "language model",
            "version": model["model"] or "",
            "where": where,
            "ms": model.get("milliseconds"),
            "error": None if model["connected"] else model["reason"],
        }
    )
    return parts


async def _timed(name: str, where: str, call: Any) -> dict[str, Any]:
    begun = time.monotonic()
    error = None
    try:
        await call
    except KbError as problem:
        error = problem.message
    milliseconds = round((time.monotonic() - begun) * 1000, 1)
    return {"name": name, "version": "", "where": where, "ms": milliseconds, "error": error}


def in_force(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Every setting: its key, its value (never a secret), where it was set, what it does."""
    origins = settings_module.origins()
    found = []
    for section, kind in SECTIONS.items():
        values = getattr(settings, section)
        for field in msgspec.inspect.type_info(kind).fields:  # type: ignore[attr-defined]
            key = f"{section}.{field.name}"
            value = getattr(values, field.name)
            found.append((key, _shown(key, value), origins.get(key, ""), ""))
    return found


def _shown(key: str, value: Any) -> str:
    if value and any(word in key.rpartition(".")[2] for word in SECRET):
        text = str(value)
        is_address = key.endswith("url") and "@" not in text
        return text if is_address else "••••••"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


@get("/glossary", media_type=MediaType.HTML, include_in_schema=False, who=CURATOR)
async def glossary(request: Request[Any, Any, Any]) -> str:
    """The house's abbreviations, and the answers that are pinned."""
    kb, principal = knowledge_base(request), principal_of(request)

    def read() -> dict[str, Any]:
        with kb.catalog.reading() as connection:
            return {
                "terms": keeping.terms(connection),
                "pins": [
                    (row, principal.answers_for(row.source_id))
                    for row in keeping.pinned(connection, principal)
                ],
            }

    return render(request, "glossary.html", await kb.read(read))


@post("/glossary", include_in_schema=False, status_code=303, who=CURATOR)
async def change_glossary(request: Request[Any, Any, Any]) -> Redirect:
    """Say what an abbreviation means, or take one away; take a pin away."""
    form = {k: str(v).strip() for k, v in (await request.form()).items()}
    await knowledge_base(request).write(_change_glossary, request, form)
    return Redirect("/glossary", status_code=303)


def _change_glossary(request: Request[Any, Any, Any], form: dict[str, str]) -> None:
    kb, principal = knowledge_base(request), principal_of(request)
    action, number = form.get("action", ""), number_of(form.get("number", ""))
    if action in {"set", "remove"}:
        must_manage(request)  # it steers everybody's search, whatever source they read
    with kb.catalog.writing() as connection:
        if action == "set":
            short, meaning = form.get("short", ""), form.get("meaning", "")
            if (
                not (short and meaning)
                or len(short) > LONGEST_SHORT
                or len(meaning) > LONGEST_MEANING
            ):
                raise UsageError("An abbreviation and what it stands for are needed.")
            keeping.set_term(connection, short, meaning)
            noted(connection, principal, "glossary.set", short, meaning=meaning)
        elif action == "remove" and number is not None:
            keeping.remove_term(connection, number)
            noted(connection, principal, "glossary.remove", str(number))
        elif action == "unpin" and number is not None:
            found = [p for p in keeping.pinned(connection, principal) if p.id == number]
            if not found or not principal.answers_for(found[0].source_id):
                raise NotFoundError("There is no such pin, or it is not yours to take away.")
            keeping.unpin(connection, number)
            noted(connection, principal, "pin.remove", str(number))
        else:
            raise UsageError("There is no such action.")
    kb.retriever.glossary.forget()


ROUTES = [overview, glossary, change_glossary]
