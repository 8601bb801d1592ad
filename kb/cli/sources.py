"""``kb source``."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import click
from cronsim import CronSim, CronSimError
from sqlalchemy import Connection

from ingest import sources as folder
from ingest.following import next_due
from ingest.selection import Selection
from ingest.worker import remove_source
from kb import access
from kb.catalog import documents, sources
from kb.cli.common import json_option, show, with_knowledge_base
from kb.errors import UsageError
from kb.knowledge_base import KnowledgeBase
from kb.publishing import queue_rights


@click.group()
def source() -> None:
    """Folders that are followed."""


def following_options(command: Callable[..., None]) -> Callable[..., None]:
    """How a folder is followed, for ``add`` and ``change``."""
    for option in (
        click.option("--languages", metavar="LANG+…", help="Tesseract's languages of its scans."),
        click.option("--max-file-mb", type=click.IntRange(1), help="Skip larger files."),
        click.option(
            "--exclude", multiple=True, metavar="PATTERN", help="Leave out, as in a .gitignore."
        ),
        click.option("--include", multiple=True, metavar="PATTERN", help="Read nothing but these."),
        click.option("--shown-as", metavar="PREFIX", help="The address its readers know it by."),
        click.option("--watch/--no-watch", default=None, help="Read it soon after a change."),
        click.option(
            "--schedule", metavar="CRON", help="When to read it: minute hour day month weekday."
        ),
    ):
        command = option(command)
    return command


@source.command()
@click.argument("name")
@click.argument("path")
@click.option(
    "--readers",
    metavar="GROUP,…",
    help="Who may read it (not:GROUP excepts one). Default: everyone.",
)
@following_options
@json_option
def add(name: str, path: str, readers: str | None, as_json: bool, **given: Any) -> None:
    """Follow the folder PATH under the name NAME."""
    check_name(name)
    following = _changed(sources.Following(), given)
    root = folder.check_root(path)

    async def work(kb: KnowledgeBase) -> dict[str, Any]:
        with kb.catalog.writing() as connection:
            tokens = access.readers(connection, _names(readers))
            added = sources.add(connection, name, str(root), tokens, following)
            return shape(connection, added)

    added = with_knowledge_base(work)
    show({"source": added}, as_json, lambda _: _added(added))


@source.command()
@click.argument("name")
@following_options
@click.option("--paused/--no-paused", default=None, help="Do not read it until further notice.")
@json_option
def change(name: str, paused: bool | None, as_json: bool, **given: Any) -> None:
    """Follow NAME another way. What is not named stays; an empty text takes a setting away."""

    async def work(kb: KnowledgeBase) -> dict[str, Any]:
        with kb.catalog.writing() as connection:
            found = sources.by_name(connection, name)
            sources.change(connection, found, _changed(found.following, given))
            if paused is not None:
                sources.pause(connection, found, paused=paused)
            return shape(connection, sources.by_name(connection, name))

    changed = with_knowledge_base(work)
    show({"source": changed}, as_json, lambda _: [f"Changed {name}.", *_followed(changed)])


def _changed(following: sources.Following, given: dict[str, Any]) -> sources.Following:
    """With what was given on the command line.

    Raises:
        UsageError: a schedule or a pattern is malformed.
    """
    named = {k: v for k, v in given.items() if v is not None and v != ()}
    check_schedule(named.get("schedule") or None)
    for name in ("include", "exclude"):
        if name in named:
            named[name] = tuple(p for p in named[name] if p)
    Selection(named.get("include", ()), named.get("exclude", ()))
    empty = {k: None for k in ("schedule", "shown_as", "languages") if named.get(k) == ""}
    return replace(following, **{**named, **empty})


def check_name(name: str) -> None:
    """A name that can stand in a URL and in a list.

    Raises:
        UsageError: it cannot.
    """
    if not name.strip() or len(name) > 100 or any(c in name for c in "/\\\0\n\r\t,"):
        raise UsageError("The name of a source has 1 to 100 characters, no slash, comma or tab.")


def check_schedule(schedule: str | None) -> None:
    """Raises ``UsageError`` where a schedule is not five cron fields."""
    if schedule is None:
        return
    try:
        CronSim(schedule, datetime.now().astimezone())
    except CronSimError as error:
        raise UsageError(
            f"{schedule!r} is not a cron schedule (minute hour day month weekday): {error}.",
            code="bad_schedule",
        ) from error


def _names(readers: str | None) -> list[str]:
    return [n.strip() for n in (readers or "").split(",") if n.strip()]


def _added(added: dict[str, Any]) -> list[str]:
    return [
        f"Following {added['path']} as {added['name']}.",
        f"May be read by: {', '.join(added['readers'])}.",
        *_followed(added),
        f"Read it now with: kb ingest {added['name']}",
    ]


def _followed(item: dict[str, Any]) -> list[str]:
    lines = [f"Schedule: {item['schedule']}."] if item["schedule"] else []
    lines += ["Watched: read soon after a change."] if item["watch"] else []
    lines += ["Paused."] if item["paused"] else []
    return lines


def shape(
    connection: Connection, item: sources.Source, sweep_seconds: float = 0.0
) -> dict[str, Any]:
    """A source as JSON."""
    return {
        "name": item.name,
        "path": item.root,
        "schedule": item.following.schedule,
        "watch": item.following.watch,
        "paused": item.paused,
        "include": list(item.following.include),
        "exclude": list(item.following.exclude),
        "max_file_mb": item.following.max_file_mb,
        "languages": item.following.languages,
        "shown_as": item.following.shown_as,
        "readers": access.in_words(connection, item.readers),
        "documents": item.documents,
        "next_run": next_due(item, datetime.now().astimezone(), sweep_seconds),
        "last_run": {
            "started_at": item.started_at,
            "finished_at": item.finished_at,
            "counts": item.counts,
            "error": item.error,
        },
    }


@source.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every source."""

    async def work(kb: KnowledgeBase) -> list[dict[str, Any]]:
        with kb.catalog.reading() as connection:
            return [
                shape(connection, s, kb.settings.ingest.sweep_minutes * 60)
                for s in sources.all_of(connection)
            ]

    found = with_knowledge_base(work)
    show(
        {"sources": found},
        as_json,
        lambda _: (
            [
                f"{s['name']}\t{s['path']}\t{s['documents']} documents\t{', '.join(s['readers'])}"
                + "".join(f"\t{line}" for line in _followed(s))
                for s in found
            ]
            or ["No source yet. Add one with: kb source add NAME PATH"]
        ),
    )


@source.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove(name: str, yes: bool, as_json: bool) -> None:
    """Stop following NAME and forget its documents. The folder itself is not touched."""

    async def work(kb: KnowledgeBase) -> int:
        found = kb.source(name)
        if not (yes or as_json):
            click.confirm(f"Forget {found.documents} documents of {name}?", abort=True, err=True)
        return await remove_source(kb.catalog, kb.publisher, found)

    removed = with_knowledge_base(work)
    show({"removed": removed}, as_json, lambda _: [f"Removed {name} with {removed} documents."])


@source.command()
@click.argument("name")
@click.argument("groups")
@json_option
def readers(name: str, groups: str, as_json: bool) -> None:
    """Let GROUPS (comma between them, or: everyone) read NAME, and nobody else.

    not:GROUP makes an exception: everyone,not:interns.
    """

    async def work(kb: KnowledgeBase) -> dict[str, Any]:
        with kb.catalog.writing() as connection:
            found = sources.by_name(connection, name)
            sources.set_readers(connection, found, access.readers(connection, _names(groups)))
            queue_rights(connection, documents.ids_of_source(connection, found.id))
        await kb.publisher.flush_rights()
        with kb.catalog.reading() as connection:
            return shape(connection, sources.by_name(connection, name))

    changed = with_knowledge_base(work)
    show(
        {"source": changed},
        as_json,
        lambda _: [f"{name} may be read by: {', '.join(changed['readers'])}."],
    )
