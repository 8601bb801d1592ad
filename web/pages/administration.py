"""Administration: health, what is asked, jobs, models, settings in force."""

import sys
import time
from typing import Any

import msgspec
from litestar import MediaType, Request, get

from kb import __version__
from kb import settings as settings_module
from kb.clock import local_now
from kb.errors import KbError
from kb.evaluation import plots
from kb.knowledge_base import KnowledgeBase
from kb.settings import SECTIONS, Settings
from kb.surface import status
from kb.types.asked import AskedLately
from kb.types.library import Run, Source, Standing
from web.asker import knowledge_base, principal_of
from web.auth.who import ADMINISTRATOR
from web.folders import Folders, folders
from web.rendering import render

DAYS = 30
SECRET = ("password", "secret", "api_key", "url")


@get("/administration", media_type=MediaType.HTML, include_in_schema=False, who=ADMINISTRATOR)
async def overview(request: Request[Any, Any, Any]) -> str:
    """Whether every part answers, who waits for what, and what is asked."""
    base = knowledge_base(request)
    cards = await base.read(base.sources.cards, principal_of(request))
    asked = await base.read(base.questions.lately, DAYS)
    values = {
        **_figures(asked),
        "jobs": [_job(card.standing, folders(request)) for card in cards if card.standing],
        "settings": in_force(base.settings),
        "waiting": request.app.state.turns.waiting,
        "parts": await _parts(base),
        "backups": await base.read(_backups, base),
        "processors": status.processors(base.settings.ingest),
        "listing": await base.models.listing(),
        "computing": dict(
            zip(base.embeddings.names, await base.embeddings.computing(), strict=True)
        ),
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


def _backups(base: KnowledgeBase) -> dict[str, Any]:
    """The last backups, and when the next is due."""
    mine = base.settings.backup
    return {
        "standing": base.backups.standing(),
        "folder": mine.folder,
        "schedule": mine.schedule,
        "keep": mine.keep,
        "next": base.backups.next_time(local_now()),
    }


def _job(standing: Standing, verbs: Folders) -> tuple[Source, Run | None, float | None]:
    """A source, its run where one goes on, and its next."""
    return standing.source, standing.running, verbs.next_run(standing.source)


async def _parts(base: KnowledgeBase) -> list[dict[str, Any]]:
    """Each part with its version, where it is, and how long it took to answer."""
    s = base.settings
    parts = [
        {
            "name": "Commonplace",
            "version": __version__,
            "where": sys.executable,
            "ms": None,
            "error": None,
        },
        await _timed("catalog", s.catalog.url.split("@")[-1] or s.data_dir, base.look()),
        await _timed(
            "embedder",
            ", ".join(model.files.name for model in base.embeddings.models),
            base.embeddings.describe(),
        ),
        await _timed("index", s.index.url or s.index.backend, base.index.languages(["ready"])),
    ]
    model = await status.model_status(base)
    where = s.llm.url or s.llm.provider
    parts.append(
        {
            "name": "language model",
            "version": model["model"] or "",
            "where": where,
            "ms": model.get("milliseconds"),
            "error": None if model["connected"] else _why(model),
        }
    )
    return parts


def _why(model: dict[str, Any]) -> dict[str, Any]:
    """Why no model answers, as errors are kept."""
    return {"code": model.get("code", "no_provider"), "message": model["reason"]}


async def _timed(name: str, where: str, call: Any) -> dict[str, Any]:
    begun = time.monotonic()
    error: KbError | None = None
    try:
        await call
    except KbError as problem:
        error = problem
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


ROUTES = [overview]
