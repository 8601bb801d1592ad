"""Administration: health, what is asked, jobs, models, settings in force."""

from dataclasses import replace
from gettext import NullTranslations
from typing import Any

import msgspec
from litestar import MediaType, Request, get

from kb import settings as settings_module
from kb.clock import local_now
from kb.doctor.examining import examine
from kb.doctor.findings import Finding
from kb.errors import ModelError
from kb.evaluation import plots
from kb.knowledge_base import KnowledgeBase
from kb.settings import SECTIONS, Settings
from kb.surface import status
from kb.types.asked import AskedLately
from kb.types.library import RunProgress, Source, SourceStanding
from kb.types.people import Principal
from web.asker import knowledge_base, principal_of
from web.auth.who import ADMINISTRATOR
from web.folders import FolderVerbs, folders
from web.i18n import language_of, translations
from web.rendering import render

DAYS = 30
"""Days of which questions are counted."""
ERASINGS = 20
"""Erasings with a statement that are listed."""
SECRET = ("password", "secret", "key", "url")


@get("/administration", media_type=MediaType.HTML, include_in_schema=False, who=ADMINISTRATOR)
async def overview(request: Request[Any, Any, Any]) -> str:
    """Whether every part answers, who waits for what, and what is asked."""
    base, principal = knowledge_base(request), principal_of(request)
    cards = await base.read(base.sources.cards, principal)
    asked = await base.read(base.questions.lately, principal, DAYS)
    values = {
        **_figures(asked),
        "jobs": [_job(card.standing, folders(request)) for card in cards if card.standing],
        "settings": in_force(base.settings),
        "waiting": await request.app.state.turns.count_waiting(),
        "parts": await _parts(base, translations(language_of(request))),
        "backups": await base.read(_backups, base),
        "erasings": await base.read(_erasings, base, principal),
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


def _erasings(base: KnowledgeBase, principal: Principal) -> dict[str, Any]:
    """The last erasings with a statement, and the key that signs these."""
    return {"listed": base.purges.listed(principal, ERASINGS), "key": base.purges.key()}


def _job(
    standing: SourceStanding, verbs: FolderVerbs
) -> tuple[Source, RunProgress | None, float | None]:
    """A source, its run where one goes on, and its next."""
    return standing.source, standing.running, verbs.next_run(standing.source)


async def _parts(base: KnowledgeBase, words: NullTranslations) -> list[dict[str, Any]]:
    """Each part as ``kb doctor`` shows it; the language model by what its last answer ended with.

    Nobody waits here for a model to say a word.
    """
    found = await examine(base.settings, probing=False)
    problem = base.answers.model_problem
    return [_part(_ended(one, problem), words) for one in found]


def _ended(one: Finding, problem: ModelError | None) -> Finding:
    if one.part != "model" or one.state == "wrong" or problem is None:
        return one
    return replace(one, state="wrong", error=problem)


def _part(one: Finding, words: NullTranslations) -> dict[str, Any]:
    return {
        "name": one.name(words),
        "state": one.state,
        "version": one.version,
        "where": one.where,
        "said": one.said(words),
        "command": one.command,
        "ms": one.milliseconds,
    }


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
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    if value and any(word in key.rpartition(".")[2] for word in SECRET):
        is_address = key.endswith("url") and "@" not in text
        return text if is_address else "••••••"
    return text


ROUTES = [overview]
