"""``kb upgrade``."""

from dataclasses import asdict
from typing import Any

import click

from kb import settings as settings_module
from kb.backup import upgrading
from kb.cli.common import json_option, show


@click.command()
@click.option("--check", "only_look", is_flag=True, help="Say what would change; change nothing.")
@click.option("--no-backup", is_flag=True, help="Save nothing before.")
@json_option
def upgrade(only_look: bool, no_backup: bool, as_json: bool) -> None:
    """Bring the catalog to this release's schema, after a backup of it.

    Every command does that when it opens an older catalog; this one does nothing else. Where
    backup.folder is empty, the backup lies in the data directory (before-upgrade) for 30 days.
    """
    settings = settings_module.load()
    if only_look:
        plan = upgrading.plan(settings)
    else:
        plan = upgrading.upgrade(settings, saved=not no_backup)
    saved = bool(plan.steps) and not no_backup
    value = {**asdict(plan), "backup": plan.backup if saved else None, "changed": not only_look}
    show(value, as_json, lambda _: _lines(value))


def _lines(value: dict[str, Any]) -> list[str]:
    if value["schema"] is None:
        return ["There is no catalog yet. It is made when one is needed."]
    if not value["steps"]:
        return [f"The catalog has the newest schema, {value['newest']}: nothing is to be changed."]
    lines = [f"  {step['schema']}  {step['about']}" for step in value["steps"]]
    if value["changed"]:
        then = f" The catalog of before is in {value['backup']}." if value["backup"] else ""
        return [f"From schema {value['schema']} to {value['newest']}:", *lines, f"Done.{then}"]
    where = f"after a backup in {value['backup']}" if value["backup"] else "without a backup"
    return [
        f"From schema {value['schema']} to {value['newest']}, {where}:",
        *lines,
        "Nothing was changed. Stop kb serve and every kb worker, then: kb upgrade",
    ]
