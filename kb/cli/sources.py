"""``kb source``."""

from collections.abc import Callable
from typing import Any

import click

from ingest.folders import Folders
from ingest.following.due import next_due
from ingest.given import changed
from kb.cli.common import argument, json_option, show, with_knowledge_base
from kb.clock import local_now
from kb.knowledge_base import KnowledgeBase
from kb.rights import access, rules
from kb.surface import shapes
from kb.types.library import Edited, Following, Source


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
    wanted = [access.EVERYONE] if readers is None else rules.names(readers)
    edited = Edited(changed(Following(), given), readers=tuple(wanted))

    def work(base: KnowledgeBase) -> dict[str, Any]:
        added = folders_of(base).add(base.principal(None), name, path, edited)
        return shape(base, added.name)

    added = with_knowledge_base(work)
    show({"source": added}, as_json, lambda _: _added(added))


@source.command()
@click.argument("name")
@following_options
@click.option("--paused/--no-paused", default=None, help="Do not read it until further notice.")
@click.option(
    "--read-again", "again", multiple=True, metavar="PATH", help="A file that was erased."
)
@json_option
def change(
    name: str, paused: bool | None, again: tuple[str, ...], as_json: bool, **given: Any
) -> None:
    """Follow NAME another way. What is not named stays; an empty text takes a setting away."""

    def work(base: KnowledgeBase) -> dict[str, Any]:
        owner = base.principal(None)
        folders_of(base).change_given(owner, name, given, paused=paused, again=again)
        return shape(base, name)

    done = with_knowledge_base(work)
    show({"source": done}, as_json, lambda _: [f"Changed {name}.", *_followed(done)])


def _added(added: dict[str, Any]) -> list[str]:
    return [
        f"Following {added['path']} as {added['name']}.",
        f"May be read by: {', '.join(added['readers'])}.",
        *_followed(added),
        f"Read it now with: kb ingest {argument(added['name'])}",
    ]


def _followed(item: dict[str, Any]) -> list[str]:
    lines = [f"Schedule: {item['schedule']}."] if item["schedule"] else []
    lines += ["Watched: read soon after a change."] if item["watch"] else []
    lines += ["Paused."] if item["paused"] else []
    return lines


def folders_of(base: KnowledgeBase) -> Folders:
    """The verbs on folders."""
    return Folders(base.catalog, base.publisher, base.settings.ingest)


def shape(base: KnowledgeBase, name: str) -> dict[str, Any]:
    """A source as JSON; its next run by its schedule alone."""
    standing = base.sources.standing(name)
    return shapes.source(standing, next_due(standing.source, local_now(), 0.0))


@source.command()
@click.argument("name")
@click.option("--groups", "kind", flag_value="groups", help="The source's readers, for all of it.")
@click.option("--mirror", "kind", flag_value="mirror", help="What the file system says.")
@click.option(
    "--path",
    "lines",
    multiple=True,
    metavar="'PATTERN: GROUP,…'",
    help="Who may read what lies there; the last pattern that matches counts. May be repeated.",
)
@json_option
def rule(name: str, kind: str | None, lines: tuple[str, ...], as_json: bool) -> None:
    """Say which rule decides who may read the documents of NAME. It counts at once."""
    if (kind is None) == (not lines):
        raise click.UsageError("Name one of --groups, --mirror, or --path (which may be repeated).")

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        wanted = [rules.path_rule(line) for line in lines]
        await folders_of(base).set_rule(base.principal(None), name, kind or "paths", wanted)
        return await base.read(shape, base, name)

    changed = with_knowledge_base(work)
    unmatched = changed["rule"].get(rules.UNMATCHED, [])
    then = {
        "mirror": f"{name} follows the file system. Nobody sees it until: kb ingest "
        f"{argument(name)}",
        "groups": f"{name} may be read by: {', '.join(changed['readers'])}.",
    }
    lines_shown = [then.get(kind or "", f"Changed {name}.")]
    lines_shown += [f"No document matches: {pattern}" for pattern in unmatched]
    show({"source": changed}, as_json, lambda _: lines_shown)


@source.command()
@click.argument("name")
@click.argument("people")
@json_option
def curators(name: str, people: str, as_json: bool) -> None:
    """Say that PEOPLE (comma between them) answer for NAME, and nobody else."""
    named = rules.names(people)
    with_knowledge_base(lambda base: base.sources.set_curators(base.principal(None), name, named))
    shown = {"source": name, "curators": named}
    show(shown, as_json, lambda _: [f"{', '.join(named) or 'Nobody'} answers for {name}."])


@source.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every source."""

    def work(base: KnowledgeBase) -> list[dict[str, Any]]:
        followed = (card.standing for card in base.sources.cards(base.principal(None)))
        next_run = folders_of(base).next_run
        return [shapes.source(one, next_run(one.source)) for one in followed if one]

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
    """Stop following NAME and forget its documents. The folder itself is not touched.

    Files that were handed in are deleted with their source.
    """

    async def work(base: KnowledgeBase) -> int:
        found = await base.read(base.sources.named, name)
        if not (yes or as_json):
            click.confirm(_removal(found), abort=True, err=True)
        return await base.sources.remove(base.principal(None), found)

    removed = with_knowledge_base(work)
    show({"removed": removed}, as_json, lambda _: [f"Removed {name} with {removed} documents."])


def _removal(found: Source) -> str:
    if found.following.uploads:
        what = "with the files that were handed in"
        return f"Delete {found.documents} documents of {found.name} for good, {what}?"
    return f"Forget {found.documents} documents of {found.name}?"


@source.command()
@click.argument("name")
@click.argument("groups")
@json_option
def readers(name: str, groups: str, as_json: bool) -> None:
    """Let GROUPS (comma between them, or: everyone) read NAME, and nobody else.

    not:GROUP makes an exception: everyone,not:interns.
    """

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        await base.sources.set_readers(base.principal(None), name, rules.names(groups))
        return await base.read(shape, base, name)

    changed = with_knowledge_base(work)
    show(
        {"source": changed},
        as_json,
        lambda _: [f"{name} may be read by: {', '.join(changed['readers'])}."],
    )
