"""``kb export`` and ``kb import``."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec

from kb.cli.bars import bar
from kb.cli.common import as_option, json_option, show, with_knowledge_base
from kb.errors import UsageError
from kb.knowledge_base import KnowledgeBase
from kb.types.leaving import Choice


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--source", "named", multiple=True, metavar="NAME", help="This source only.")
@as_option
@json_option
def export(folder: Path, named: tuple[str, ...], as_user: str | None, as_json: bool) -> None:
    """Write everything into FOLDER, new or empty: a BagIt bag that other programs read.

    --as USER: only what this person may read, and their own conversations.
    """
    place = folder.resolve()

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        person = await base.read(base.principal, as_user) if as_user else None
        by = person or base.principal(None)
        with bar("exporting") as told:

            def step(done: int, total: int) -> None:
                told(completed=done, total=total)

            choice = Choice(person, tuple(dict.fromkeys(named)))
            whole = await base.leaving.export(by, place, choice, step)
        return {"folder": str(place), "exported": msgspec.to_builtins(whole)}

    show(with_knowledge_base(work), as_json, _exported)


def _exported(value: dict[str, Any]) -> list[str]:
    whole = value["exported"]
    counts = whole["counts"]
    figures = [f"{counts[name]} {name}" for name in ("documents", "passages", "answers")]
    lines = [f"Exported to {value['folder']}: {', '.join(figures)}."]
    if counts["without_file"]:
        lines.append(
            f"Of {counts['without_file']} files the bytes are not in it: they are away, have "
            "changed since they were read, or could not be read. Their lines in documents.jsonl "
            'say "file": null.'
        )
    return [*lines, "What each file is, README.md in it says. To take it in: kb import FOLDER"]


@click.command(name="import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--rename", "renamed", multiple=True, metavar="OLD=NEW", help="Call a source otherwise here."
)
@json_option
def take_in(folder: Path, renamed: tuple[str, ...], as_json: bool) -> None:
    """Take in FOLDER, which kb export wrote; it is checked first. Broken off, it goes on."""
    names, place = dict(_renaming(one) for one in renamed), folder.resolve()

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        with bar("checking") as told:

            def step(doing: str, done: int, total: int) -> None:
                told(description=doing, completed=done, total=total)

            owner = base.principal(None)
            found = await base.leaving.take_in(owner, place, names, step)
        return {"imported": asdict(found)}

    show(with_knowledge_base(work), as_json, _imported)


def _renaming(given: str) -> tuple[str, str]:
    old, equals, new = given.rpartition("=")
    if not equals or not old.strip() or not new.strip():
        raise UsageError(f"--rename {given} is not like OLD=NEW.", code="bad_rename")
    return old.strip(), new.strip()


def _imported(value: dict[str, Any]) -> list[str]:
    found = value["imported"]
    sources = [
        here if here == old else f"{old} as {here}" for old, here in found["sources"].items()
    ]
    figures = [f"{found[name]} {name}" for name in ("documents", "passages", "answers")]
    lines = [f"Imported {', '.join(sources) or 'no source'}: {', '.join(figures)}."]
    if found["already"]:
        lines.append(f"{found['already']} documents were here already.")
    if found["embedded"]:
        lines.append(
            f"{found['embedded']} vectors were computed anew by {', '.join(found['models'])}: the "
            "export has none of these models."
        )
    if found["without_file"]:
        lines.append(
            f"{found['without_file']} documents came without their files; kb ingest "
            "--confirm-removals would remove them."
        )
    return lines
