"""``kb backup`` and ``kb restore``."""

import asyncio
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kb import settings as settings_module
from kb.backup import marking
from kb.backup.backups import verify_in
from kb.backup.restoring import Restored, Restorer, checked_moves
from kb.backup.saving import MadeBackup
from kb.backup.store import Store
from kb.cli.bars import bar
from kb.cli.common import Usual, json_option, show, with_knowledge_base
from kb.cli.upkeep import rebuild
from kb.errors import KbError
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.settings import Settings
from kb.upkeep.apart import check_unused

MB = 1024**2
"""Bytes of a megabyte, as sizes are shown here."""


@click.group(cls=Usual, usual="make")
def backup() -> None:
    """Backups. kb backup FOLDER makes one, while everything goes on.

    FOLDER may be left out where backup.folder names one. Beside it: --with-secrets (passwords and
    keys of the configuration too), --keep N (remove all but so many, the oldest), --json.
    """


@backup.command(hidden=True)
@click.argument("folder", default="")
@click.option("--with-secrets", is_flag=True, help="Passwords and keys of the configuration too.")
@click.option("--keep", type=click.IntRange(min=1), help="Remove all but so many, the oldest.")
@json_option
def make(folder: str, with_secrets: bool, keep: int | None, as_json: bool) -> None:
    """Make a backup: catalog, stored values, uploads, configuration."""

    def work(base: KnowledgeBase) -> MadeBackup:
        with bar("saving") as told:
            return base.backups.make(
                access.owner(), folder, lambda done, total: told(completed=done, total=total),
                with_secrets=with_secrets, keep=keep,
            )  # fmt: skip

    made = with_knowledge_base(work)
    show(asdict(made), as_json, lambda _: _made_lines(made))


def _made_lines(made: MadeBackup) -> list[str]:
    size = f"{_size(made.bytes)}, of which {_size(made.new_bytes)} are new"
    lines = [
        f"Backup {made.name} is whole: {made.documents} documents, {made.files} files, {size}.",
        f"It took {made.seconds} s.",
    ]
    if made.missing:
        lines.append(
            f"{len(made.missing)} stored values are missing in the knowledge base itself. Have "
            "their files read again with: kb check --repair"
        )
    lines += [f"Removed, since newer ones are enough: {', '.join(made.removed)}."] * bool(
        made.removed
    )
    return [*lines, f"To read it again: kb backup verify {made.folder}"]


def _size(count: int) -> str:
    return f"{count / MB:.1f} MB"


@backup.command()
@click.argument("folder", default="")
@click.option("--at", default="", metavar="NAME", help="This one only.")
@click.option("--newest", is_flag=True, help="The newest one only.")
@json_option
def verify(folder: str, at: str, newest: bool, as_json: bool) -> None:
    """Read every file of the backups in FOLDER again. Exit 1 where one is damaged."""
    with bar("reading") as told:
        found = verify_in(
            settings_module.load(), folder, at,
            lambda done, total: told(completed=done, total=total), newest=newest,
        )  # fmt: skip
    names = ", ".join(found.backups)
    lines = [f"{found.files} files, {_size(found.bytes)}, are what they were. Whole are: {names}."]
    show(asdict(found), as_json, lambda _: lines)


@backup.command("list")
@click.argument("folder")
@json_option
def list_(folder: str, as_json: bool) -> None:
    """The whole backups in FOLDER, the oldest first."""
    store = Store(Path(folder).expanduser().absolute())
    found = [_listed(store, name) for name in store.names()]
    show({"backups": found}, as_json, lambda _: [_line(one) for one in found] or ["None yet."])


def _listed(store: Store, name: str) -> dict[str, Any]:
    try:
        manifest = store.manifest(name)
    except KbError as error:
        return {"name": name, **error.as_json()}
    return {
        "name": name,
        "moment": manifest.moment,
        "schema": manifest.schema,
        "program": manifest.program,
        "documents": manifest.rows("documents"),
        "bytes": sum(manifest.pieces().values()),
        "secrets": manifest.secrets,
    }


def _line(one: dict[str, Any]) -> str:
    if "error" in one:
        return f"{one['name']}\t{one['error']['message']}"
    return (
        f"{one['name']}\t{_when(one['moment'])}\t{one['documents']} documents\t"
        f"{_size(one['bytes'])}\tschema {one['schema']}, Commonplace {one['program']}"
    )


def _when(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")


@click.command()
@click.argument("folder")
@click.option("--at", default="", metavar="NAME", help="This backup instead of the newest.")
@click.option(
    "--moved", multiple=True, metavar="OLD=NEW",
    help="Folders of sources that lie elsewhere now, or a folder above them.",
)  # fmt: skip
@click.option("--without-index", is_flag=True, help="Do not build the index: kb reindex does it.")
@json_option
def restore(
    folder: str, at: str, moved: tuple[str, ...], without_index: bool, as_json: bool
) -> None:
    """Restore a backup into an empty data directory (KB_DATA_DIR), or go on with that.

    The catalog may be another database than before: KB_CATALOG__URL names it, and it is empty.
    """
    settings = settings_module.load()
    if marking.read(settings.data) is None:
        asyncio.run(check_unused(settings))
    store = Store(Path(folder).expanduser().absolute())
    with store.shared():
        name = store.chosen(at)
        with bar("verifying") as told:

            def step(what: str, done: int, total: int) -> None:
                told(completed=done, total=total, description=what)

            restorer = Restorer(settings, store, name, checked_moves(moved), step)
            restored = restorer.restore()
    index = {"built": False, "points": 0, "reason": "--without-index"}
    if not without_index:
        index = _index(settings)
    restorer.finish()
    show({**asdict(restored), "index": index}, as_json, lambda _: _restored_lines(restored, index))


def _index(settings: Settings) -> dict[str, Any]:
    """Build the index from the catalog: nothing is embedded. Where it cannot be, say why."""

    async def work(base: KnowledgeBase) -> dict[str, Any] | None:
        return await rebuild(base) if base.catalog.described is not None else None

    try:
        built = with_knowledge_base(work, {"data_dir": settings.data_dir})
    except KbError as error:
        if error.code == "interrupted":
            raise
        return {"built": False, "points": 0, "reason": error.message}
    return {"built": True, "points": built["points"] if built else 0, "reason": None}


def _restored_lines(restored: Restored, index: dict[str, Any]) -> list[str]:
    counts = (
        f"{restored.documents} documents, {restored.people} people, {restored.answers} answers, "
        f"{restored.files} files"
    )
    lines = [
        f"Restored {restored.backup} of {_when(restored.moment)} into {restored.data_dir}:",
        f"{counts}.",
        _index_line(index),
        f"What was configured then: {restored.configuration}",
        "Everybody signs in anew. API tokens hold as they did at that moment:",
        "take those back that were taken back since (page People).",
    ]
    for one in restored.sources:
        if not one.is_here:
            lines += [
                f"The folder of {one.name} is not here: {one.folder}",
                "Its documents stay searchable. Mount it there, or restore with --moved OLD=NEW.",
            ]
    if restored.missing:
        lines += [
            f"{len(restored.missing)} stored values were missing when the backup was made.",
            "Have their files read again with: kb check --repair",
        ]
    return [*lines, "See that all is well: kb audit verify; kb check; kb serve"]


def _index_line(index: dict[str, Any]) -> str:
    if index["built"]:
        return f"The index has {index['points']} passages."
    return f"The index is not built ({index['reason']}). Build it with: kb reindex"
