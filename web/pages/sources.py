"""Sources: a card each; add a folder, read it now, pause, edit, remove."""

from collections.abc import Callable
from typing import Any

from litestar import MediaType, Request, get, post
from litestar.response import Redirect

from kb import access, rules
from kb.auditing import noted
from kb.catalog import filtering, ledger, people, sources
from kb.catalog.ledger import LedgerFilter
from kb.catalog.sources import Following
from kb.errors import NotFoundError, UsageError
from kb.publishing import queue_rights
from kb.queries import Wanted
from web.api.sources import ask_for_run, shown
from web.asker import knowledge_base, must_answer_for, must_manage, principal_of
from web.auth.who import ADMINISTRATOR, CURATOR, READER
from web.hooks import hooks
from web.i18n import language_of, translations
from web.numbers import number_of
from web.rendering import render

MOST_PATTERNS = 200


@get("/sources", media_type=MediaType.HTML, include_in_schema=False, who=CURATOR)
async def page(
    request: Request[Any, Any, Any], edit: str | None = None, remove: str | None = None
) -> str:
    """The cards; one of them open for editing, or asking before it is removed."""
    kb = knowledge_base(request)
    known = await kb.catalog.read(shown, request)
    return render(
        request,
        "sources.html",
        {
            "sources": [s for s in known if "path" in s],
            "edit": edit,
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
    following = _following(form, Following())
    kb = knowledge_base(request)
    source = await kb.catalog.write(
        hooks(request).add, name, path, form.get("readers"), following, principal_of(request)
    )
    await _set_rule(request, source.name, form)
    await kb.catalog.write(ask_for_run, request, source.name)
    return Redirect("/sources", status_code=303)


@post("/sources/{name:str}", include_in_schema=False, status_code=303, who=CURATOR)
async def act(request: Request[Any, Any, Any], name: str) -> Redirect:
    """Read now, pause, go on, change, or remove."""
    form = await request.form()
    action = str(form.get("action", ""))
    kb, principal = knowledge_base(request), principal_of(request)
    source = await kb.catalog.read(kb.source, name)
    must_answer_for(request, source)
    if action == "run":
        await kb.catalog.write(ask_for_run, request, name)
    elif action in {"pause", "resume"}:
        await kb.catalog.write(_pause, request, source, action)
    elif action == "change":
        following = _following(form, source.following)
        await kb.catalog.write(hooks(request).change, principal, source, following)
        await kb.catalog.write(_describe, request, source, form)
        if principal.manages:
            await kb.catalog.write(_set_curators, request, source, form)
            await _set_readers(request, source, str(form.get("readers", "")))
            await _set_rule(request, name, form)
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


def _pause(request: Request[Any, Any, Any], source: sources.Source, action: str) -> None:
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


async def _set_readers(request: Request[Any, Any, Any], source: sources.Source, words: str) -> None:
    """Change who may read it; an empty field changes nothing, least of all to everyone."""
    kb = knowledge_base(request)
    named = [w.strip() for w in words.split(",") if w.strip()]
    if not named:
        return

    def change() -> bool:
        with kb.catalog.writing() as connection:
            found = sources.held(connection, source.name)
            if set(named) == set(access.in_words(connection, found.readers)):
                return False  # as it was, with groups that were removed since
            tokens = access.readers(connection, named)
            queue_rights(connection, rules.set_readers(connection, found, tokens))
            noted(connection, principal_of(request), "source.readers", source.name, readers=named)
            return True

    if not await kb.catalog.write(change):
        return
    await kb.publisher.flush_rights()


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

    return render(request, "source.html", await kb.catalog.read(look))


async def _set_rule(request: Request[Any, Any, Any], name: str, form: Any) -> None:
    """Which rule says who may read: fixed groups, path patterns, or the file system."""
    kind = str(form.get("rule", ""))
    if not kind:
        return
    lines = [line for line in str(form.get("paths", "")).splitlines() if line.strip()]
    wanted = [hooks(request).path_rule(line) for line in lines] if kind == rules.PATHS else []
    await hooks(request).set_rule(principal_of(request), name, kind, wanted)


def _set_curators(request: Request[Any, Any, Any], source: sources.Source, form: Any) -> None:
    if "curators" not in form:
        return
    names = [w.strip() for w in str(form["curators"]).split(",") if w.strip()]
    with knowledge_base(request).catalog.writing() as connection:
        people.set_curators(connection, source.id, names)
        who = principal_of(request)
        noted(connection, who, "source.curators", source.name, curators=names)


def _describe(request: Request[Any, Any, Any], source: sources.Source, form: Any) -> None:
    with knowledge_base(request).catalog.writing() as connection:
        about = str(form.get("about", source.about or ""))
        sources.describe(connection, source, about)
        if about != (source.about or ""):
            noted(connection, principal_of(request), "source.describe", source.name)


def _following(form: Any, before: Following) -> Following:
    """What the form says; a field that it does not have stays as it was."""

    def text(name: str) -> str | None:
        return str(form.get(name, "")).strip() or None

    def lines(name: str) -> tuple[str, ...]:
        found = [x.strip() for x in str(form.get(name, "")).splitlines() if x.strip()]
        return tuple(found[:MOST_PATTERNS])

    given = text("max_file_mb")
    size = number_of(given) if given else None
    if given and not 1 <= (size or 0) <= 100_000:
        raise UsageError("The largest file is a number of megabytes, from 1 to 100000.")
    return Following(
        schedule=text("schedule"),
        watch="watch" in form,
        include=lines("include"),
        exclude=lines("exclude"),
        max_file_mb=size,
        languages=text("languages"),
        shown_as=text("shown_as"),
        uploads=before.uploads,
    )
