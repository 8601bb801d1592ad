"""``kb audit``."""

import sys

import click

from kb.cli.common import json_option, show, with_knowledge_base
from kb.errors import KbError
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.types.audit import ChainVerdict, Logged, Verification


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command()
@json_option
def verify(as_json: bool) -> None:
    """Walk the whole log: whether an entry was changed, removed or moved. Exit 1 if so."""

    def work(base: KnowledgeBase) -> Verification:
        return base.audit.verification(access.owner())

    walked = with_knowledge_base(work)
    found, waiting = walked.verdict, walked.waiting
    shape = {
        "entries": found.entries,
        "intact": found.intact,
        "broken_at": found.broken_at,
        "reason": found.reason,
        "head": found.head,
        "waiting": waiting,
        "redacted": found.redacted,
    }
    if not found.intact:
        raise KbError(
            f"The audit log does not hold from entry {found.broken_at} on: {found.reason}.",
            code="audit_broken",
            detail=shape,
        )
    show(shape, as_json, lambda _: _verified(found, waiting))


def _verified(found: ChainVerdict, waiting: int) -> list[str]:
    lines = [f"{found.entries} entries, whole and in order: {found.head}"]
    if found.redacted:
        lines.append(
            f"Out of {found.redacted} of them words were taken when a document was erased."
        )
    return lines + ([f"{waiting} more wait on disk for the catalog."] if waiting else [])


@audit.command()
@click.option("--after", default=0, help="Only entries after this number.")
def export(after: int) -> None:
    """Print every entry as a line of JSON, the oldest first."""

    def work(base: KnowledgeBase) -> None:
        for line in base.audit.lines(access.owner(), after):
            sys.stdout.write(line)

    with_knowledge_base(work)


@audit.command("list")
@click.option("--actor", default="", help="Only what this person did.")
@click.option("--action", default="", help="Only actions that begin so.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
def list_entries(actor: str, action: str, limit: int, as_json: bool) -> None:
    """The last entries, the newest first."""

    def work(base: KnowledgeBase) -> tuple[Logged, ...]:
        return base.audit.page(access.owner(), actor=actor, action=action, limit=limit).rows

    found = with_knowledge_base(work)
    lines = [f"{e.seq}\t{e.actor}\t{e.action}\t{e.target}" for e in found]
    shown = {"entries": [e.as_json() for e in found]}
    show(shown, as_json, lambda _: lines or ["No entry."])
