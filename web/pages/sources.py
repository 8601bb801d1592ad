"""Sources: a card each; add a folder, read it now, pause, edit, remove."""

from dataclasses import fields
from typing import Any

from babel.dates import get_day_names
from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.errors import UsageError
from kb.rights import rules
from kb.types.library import Card, Edited, Following, HeldBack, PathRule
from kb.types.people import Principal
from web import patterns, schedules
from web.api.sources import shape
from web.asker import knowledge_base, must_manage, principal_of, shares
from web.auth.who import ADMINISTRATOR, CURATOR, READER
from web.folders import folders
from web.i18n import language_of, translations
from web.numbers import number_of
from web.rendering import render


@get("/sources", media_type=MediaType.HTML, include_in_schema=False, who=CURATOR)
async def page(
    request: Request[Any, Any, Any],
    edit: str | None = None,
    remove: str | None = None,
    confirm: str | None = None,
) -> str:
    """The cards; one of them open for editing, or asking before something is removed."""
    base, principal = knowledge_base(request), principal_of(request)
    cards = await base.read(base.sources.cards, principal)
    mine = [card for card in cards if card.standing]
    found = (c.standing.source.following for c in mine if c.standing and c.name == edit)
    edited = next(found, Following())
    language = language_of(request)
    values = {
        "sources": [shape(card, folders(request)) for card in mine],
        "scheduled": {c.name: _scheduled(request, c) for c in mine},
        "held": await base.read(base.held.back, principal),
        "nothing_held": HeldBack(0, []),
        "stopping": await _stopping(request, mine),
        "edit": edit,
        "remove": remove,
        "confirm": confirm,
        "defaults": base.settings.ingest,
        **_in_form(edited, language),
        "names": await _names(request),
    }
    return render(request, "sources.html", values)


def _in_form(edited: Following, language: str) -> dict[str, Any]:
    """How a source is followed, as the fields show it; and a new one's schedule."""
    gettext, weekdays = translations(language).gettext, _weekdays(language)
    return {
        "patterns": patterns.in_form(edited),
        "schedule": schedules.in_form(edited.schedule),
        "weekdays": weekdays,
        "schedule_words": lambda schedule: schedules.in_words(schedule, gettext, weekdays),
    }


def _weekdays(language: str) -> dict[str, str]:
    """The days of the week from Monday on, by cron's number."""
    named = get_day_names("wide", context="stand-alone", locale=language)
    return {str((day + 1) % 7): named[day] for day in range(7)}


async def _stopping(request: Request[Any, Any, Any], cards: list[Card]) -> set[str]:
    """The sources whose run was asked to stop, and goes on for a moment."""
    base = knowledge_base(request)
    numbers = await base.read(base.sources.stopping, principal_of(request))
    return {c.name for c in cards if c.standing and c.standing.source.id in numbers}


async def _names(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    """Whom an administrator may name: readers, and people who answer for a source."""
    base, principal = knowledge_base(request), principal_of(request)
    if not principal.manages:
        return {"readers": [], "people": []}
    found = await base.read(base.accounts.everybody, principal)
    people, groups = [p.person.name for p in found.people], [g.name for g in found.groups]
    also = [f"person:{name}" for name in people] + [f"not:{name}" for name in groups]
    return {"readers": ["everyone", *groups, *also], "people": people}


@get("/sources/folders", include_in_schema=False, who=ADMINISTRATOR)
async def inside(request: Request[Any, Any, Any], path: str = "") -> dict[str, Any]:
    """The folders in a folder, for the picker; only beneath those that may be followed."""
    return await shares(request).files.run(folders(request).inside, principal_of(request), path)


@post("/sources", include_in_schema=False, status_code=303, who=ADMINISTRATOR)
async def add(request: Request[Any, Any, Any]) -> Redirect:
    """Follow a folder, and read it at once."""
    form = await request.form()
    name, path = str(form.get("name", "")).strip(), str(form.get("path", "")).strip()
    base, principal = knowledge_base(request), principal_of(request)
    edited = _edited(principal, form, Following())
    source = await base.write(folders(request).add, principal, name, path, edited)
    await base.write(base.sources.ask_for_run, principal, source.name)
    return Redirect("/sources", status_code=303)


@post("/sources/{name:str}", include_in_schema=False, status_code=303, who=CURATOR)
async def act(request: Request[Any, Any, Any], name: str) -> Redirect:
    """Read now, stop, pause, go on, change, confirm what is gone, or remove."""
    form = await request.form()
    action = str(form.get("action", ""))
    base, principal = knowledge_base(request), principal_of(request)
    source = await base.read(base.sources.looked_after, principal, name)
    if action == "run":
        await base.write(base.sources.ask_for_run, principal, name)
    elif action == "stop":
        await base.write(base.sources.stop, principal, name)
    elif action == "confirm":
        await base.held.confirm(principal, name, number_of(form.get("count")) or 0)
    elif action in {"pause", "resume"}:
        await base.write(base.sources.pause, principal, name, paused=action == "pause")
    elif action == "change":
        edited = _edited(principal, form, source.following)
        await folders(request).change(principal, source, edited)
    elif action == "remove":
        must_manage(request)
        if str(form.get("confirm", "")).strip() != name:
            raise UsageError(
                "Type the name of the source to remove it. Nothing was removed.",
                code="not_confirmed",
            )
        await base.sources.remove(principal, source)
    else:
        raise UsageError("There is no such action.")
    return Redirect("/sources", status_code=303)


def _scheduled(request: Request[Any, Any, Any], card: Card) -> float | None:
    """When the schedule alone asks for a source next: beside it a folder is swept more often."""
    return folders(request).next_scheduled(card.standing.source) if card.standing else None


@get("/source/{name:str}", media_type=MediaType.HTML, include_in_schema=False, who=READER)
async def one(request: Request[Any, Any, Any], name: str) -> str:
    """A source for the people who search in it: what it is, who answers for it, how fresh."""
    base = knowledge_base(request)
    shown = await base.read(base.sources.page, principal_of(request), name)
    values = {field.name: getattr(shown, field.name) for field in fields(shown)}
    return render(request, "source.html", values | {"sweep": base.settings.ingest.sweep_minutes})


def _edited(principal: Principal, form: Any, before: Following) -> Edited:
    """What the form says of a source; who reads it and answers for it, an administrator's alone."""
    following = _following(form, before)
    about = str(form["about"]) if "about" in form else None
    if not principal.manages:
        return Edited(following, about)
    return Edited(
        following,
        about,
        curators=tuple(rules.names(str(form["curators"]))) if "curators" in form else None,
        readers=tuple(rules.names(str(form.get("readers", "")))),
        rule=_rule(form),
    )


def _rule(form: Any) -> tuple[str, tuple[PathRule, ...]] | None:
    """Which rule says who may read: fixed groups, path patterns, or the file system."""
    kind = str(form.get("rule", ""))
    if not kind:
        return None
    lines = [line for line in str(form.get("paths", "")).splitlines() if line.strip()]
    wanted = [rules.path_rule(line) for line in lines] if kind == rules.PATHS else []
    return kind, tuple(wanted)


def _following(form: Any, before: Following) -> Following:
    """How the form says that a source is followed; patterns without a field stay as they were."""

    def text(name: str) -> str | None:
        return str(form.get(name, "")).strip() or None

    given = text("max_file_mb")
    size = number_of(given) if given else None
    if given and not 1 <= (size or 0) <= 100_000:
        raise UsageError(
            "The largest file is a number of megabytes, from 1 to 100000.", code="bad_size"
        )
    return Following(
        schedule=schedules.of_form(form),
        watch="watch" in form,
        include=patterns.of_form(form, "include", before.include),
        exclude=patterns.of_form(form, "exclude", before.exclude),
        max_file_mb=size,
        languages=text("languages"),
        shown_as=text("shown_as"),
        uploads=before.uploads,
    )
