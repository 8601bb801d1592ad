"""Sources: a card each; add a folder, read it now, pause, edit, remove."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.errors import UsageError
from kb.rights import rules
from kb.types.library import Card, Edited, Following, PathRule
from kb.types.people import Principal
from web import patterns
from web.api.sources import shape
from web.asker import knowledge_base, must_answer_for, must_manage, principal_of
from web.auth.who import ADMINISTRATOR, CURATOR, READER
from web.folders import folders
from web.i18n import language_of, translations
from web.numbers import number_of
from web.rendering import render


@get("/sources", media_type=MediaType.HTML, include_in_schema=False, who=CURATOR)
async def page(
    request: Request[Any, Any, Any], edit: str | None = None, remove: str | None = None
) -> str:
    """The cards; one of them open for editing, or asking before it is removed."""
    base = knowledge_base(request)
    cards = await base.read(base.sources.cards, principal_of(request))
    mine = [card for card in cards if card.standing]
    edited = (c.standing.source.following for c in mine if c.standing and c.name == edit)
    return render(
        request,
        "sources.html",
        {
            "sources": [shape(card, folders(request)) for card in mine],
            "scheduled": {c.name: _scheduled(request, c) for c in mine},
            "edit": edit,
            "patterns": patterns.in_form(next(edited, Following())),
            "remove": remove,
            "defaults": base.settings.ingest,
            "schedule_words": _schedule_words(translations(language_of(request)).gettext),
        },
    )


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
    """Read now, pause, go on, change, or remove."""
    form = await request.form()
    action = str(form.get("action", ""))
    base, principal = knowledge_base(request), principal_of(request)
    source = await base.read(base.sources.named, name)
    must_answer_for(request, source)
    if action == "run":
        await base.write(base.sources.ask_for_run, principal, name)
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


def _schedule_words(gettext: Callable[[str], str]) -> Callable[[str], str]:
    """A cron schedule in words, where it is one of the usual ones; else as it stands."""

    def words(schedule: str) -> str:
        minute, hour, *rest = schedule.split()
        at = f"{hour:0>2}:{minute:0>2}" if hour.isdigit() and minute.isdigit() else ""
        if at and rest == ["*", "*", "*"]:
            return gettext("every day at {time}").format(time=at)
        if at and rest[:2] == ["*", "*"] and rest[2] in {"1-5", "mon-fri", "MON-FRI"}:
            return gettext("on weekdays at {time}").format(time=at)
        if minute.isdigit() and [hour, *rest] == ["*"] * 4:
            return gettext("every hour at minute {minute}").format(minute=minute)
        return schedule

    return words


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
        schedule=text("schedule"),
        watch="watch" in form,
        include=patterns.of_form(form, "include", before.include),
        exclude=patterns.of_form(form, "exclude", before.exclude),
        max_file_mb=size,
        languages=text("languages"),
        shown_as=text("shown_as"),
        uploads=before.uploads,
    )
