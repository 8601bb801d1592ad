"""Sources: a card each; add a folder, read it now, pause, edit, remove."""

from collections.abc import Callable
from typing import Any

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb.audit.log import noted
from kb.catalog import filtering, ledger, people, sources
from kb.errors import NotFoundError, UsageError
from kb.rights import access, rules
from kb.text.queries import Wanted
from kb.types.library import Edited, Following, LedgerFilter, PathRule, Source
from web import patterns
from web.api.sources import ask_for_run, shown
from web.asker import knowledge_base, must_answer_for, must_manage, principal_of
from web.auth.who import ADMINISTRATOR, CURATOR, READER
from web.hooks import hooks
from web.i18n import language_of, translations
from web.numbers import number_of
from web.rendering import render


@get("/sources", media_type=MediaType.HTML, include_in_schema=False, who=CURATOR)
async def page(
    request: Request[Any, Any, Any], edit: str | None = None, remove: str | None = None
) -> str:
    """The cards; one of them open for editing, or asking before it is removed."""
    kb = knowledge_base(request)
    known = [s for s in await kb.read(shown, request) if "path" in s]
    edited = next((s["name"] for s in known if s["name"] == edit), None)
    source = await kb.read(kb.source, edited) if edited else None
    return render(
        request,
        "sources.html",
        {
            "sources": known,
            "edit": edit,
            "patterns": patterns.in_form(source.following if source else Following()),
            "remove": remove,
            "defaults": kb.settings.ingest,
            "schedule_words": _schedule_words(translations(language_of(request)).gettext),
        },
    )


@post("/sources", include_in_schema=False, status_code=303, who=ADMINISTRATOR)
async def add(request: Request[Any, Any, Any]) -> Redirect:
    """Follow a folder, and read it at once."""
    form = await request.form()
    name, path = str(form.get("name", "")).strip(), str(form.get("path", "")).strip()
    kb, edited = knowledge_base(request), _edited(request, form, Following())
    source = await kb.write(hooks(request).add, name, path, edited, principal_of(request))
    await kb.write(ask_for_run, request, source.name)
    return Redirect("/sources", status_code=303)


@post("/sources/{name:str}", include_in_schema=False, status_code=303, who=CURATOR)
async def act(request: Request[Any, Any, Any], name: str) -> Redirect:
    """Read now, pause, go on, change, or remove."""
    form = await request.form()
    action = str(form.get("action", ""))
    kb, principal = knowledge_base(request), principal_of(request)
    source = await kb.read(kb.source, name)
    must_answer_for(request, source)
    if action == "run":
        await kb.write(ask_for_run, request, name)
    elif action in {"pause", "resume"}:
        await kb.write(_pause, request, source, action)
    elif action == "change":
        edited = _edited(request, form, source.following)
        await kb.write(hooks(request).change, principal, source, edited)
        await kb.publisher.flush_rights()
    elif action == "remove":
        must_manage(request)
        if str(form.get("confirm", "")).strip() != name:
            raise UsageError(
                "Type the name of the source to remove it. Nothing was removed.",
                code="not_confirmed",
            )
        await hooks(request).remove(source, principal)
    else:
        raise UsageError("There is no such action.")
    return Redirect("/sources", status_code=303)


def _pause(request: Request[Any, Any, Any], source: Source, action: str) -> None:
    with knowledge_base(request).catalog.writing() as connection:
        sources.pause(connection, source, paused=action == "pause")
        noted(connection, principal_of(request), f"source.{action}", source.name)


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
    kb, principal = knowledge_base(request), principal_of(request)

    def look() -> dict[str, Any]:
        with kb.catalog.reading() as connection:
            found = sources.by_name(connection, name)
            seen = name in ledger.sources_of(connection, principal)
            if not seen and not principal.answers_for(found.id):
                raise NotFoundError(f"There is no source called {name}.")
            wanted = Wanted(sources=(name,))
            return {
                "source": found,
                "kind": rules.kind(found.rule),
                "readers": access.in_words(connection, found.readers),
                "curators": people.curators_of(connection).get(found.id, []),
                "count": filtering.count(connection, principal, wanted),
                "latest": ledger.rows(
                    connection, principal, LedgerFilter(source=name), limit=10, order="changed"
                ),
                "mine": principal.answers_for(found.id),
                "sweep": kb.settings.ingest.sweep_minutes,
            }

    return render(request, "source.html", await kb.read(look))


def _edited(request: Request[Any, Any, Any], form: Any, before: Following) -> Edited:
    """What the form says of a source; who reads it and answers for it, an administrator's alone."""
    following = _following(form, before)
    about = str(form["about"]) if "about" in form else None
    if not principal_of(request).manages:
        return Edited(following, about)
    return Edited(
        following,
        about,
        curators=_names(form, "curators") if "curators" in form else None,
        readers=_names(form, "readers"),
        rule=_rule(request, form),
    )


def _names(form: Any, field: str) -> tuple[str, ...]:
    return tuple(w.strip() for w in str(form.get(field, "")).split(",") if w.strip())


def _rule(request: Request[Any, Any, Any], form: Any) -> tuple[str, tuple[PathRule, ...]] | None:
    """Which rule says who may read: fixed groups, path patterns, or the file system."""
    kind = str(form.get("rule", ""))
    if not kind:
        return None
    lines = [line for line in str(form.get("paths", "")).splitlines() if line.strip()]
    wanted = [hooks(request).path_rule(line) for line in lines] if kind == rules.PATHS else []
    return kind, tuple(wanted)


def _following(form: Any, before: Following) -> Following:
    """What the form says; patterns of a field that it does not have stay as they were."""

    def text(name: str) -> str | None:
        return str(form.get(name, "")).strip() or None

    given = text("max_file_mb")
    size = number_of(given) if given else None
    if given and not 1 <= (size or 0) <= 100_000:
        raise UsageError("The largest file is a number of megabytes, from 1 to 100000.")
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
