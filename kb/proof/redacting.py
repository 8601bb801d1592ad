"""Redacting: words of what is erased leave the audit log, and the lists of what was asked."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kb.audit import spools
from kb.catalog import audit, questions, runs
from kb.catalog.database import Catalog
from kb.proof.planning import path_sha256
from kb.types.purges import Purge

WAIT_SECONDS = 30.0
"""For how long looks that wait on disk may take to get into the log."""
STEP_SECONDS = 0.2


def redact(catalog: Catalog, purge: Purge, spool: Path, wait: float = WAIT_SECONDS) -> list[int]:
    """Take names and questions out of entries; returns the numbers of those entries.

    Looks that are on disk still, on their way into the log, are waited for.
    """
    until = time.monotonic() + wait
    while spools.waiting_in(spool) and time.monotonic() < until:
        time.sleep(STEP_SECONDS)
    asked: set[str] = set()
    blanked = _blanker(purge, asked.add)
    with catalog.reading() as connection:
        wanted = audit.redactable(connection, blanked)
    with catalog.writing() as connection:
        audit.redact(connection, wanted, blanked)
        questions.blank(connection, sorted(asked))
        runs.forget_paths(connection)
    return wanted


def unredacted(catalog: Catalog, purge: Purge) -> list[int]:
    """The entries in which a name or a question of what was erased stands."""
    with catalog.reading() as connection:
        return audit.redactable(connection, _blanker(purge, lambda _: None))


def _blanker(purge: Purge, heard: Callable[[str], None]) -> audit.Blanked:
    """What is left of an entry. ``heard`` is told of each question that is taken out."""
    versions, ids = set(purge.erased.numbers), set(purge.erased.ids)
    names = purge.erased.names

    def blanked(said: dict[str, Any]) -> dict[str, Any] | None:
        target, detail = str(said.get("target", "")), dict(said.get("detail") or {})
        left = dict(detail)
        question = detail.get("question")
        if question and versions & {place[1] for place in detail.get("shown", ())}:
            heard(question)
            left["question"] = ""
        if target and _is_of(said, detail, target):
            if said.get("action") == "pin.add":
                heard(target)
            target = ""
        if left == detail and target == said.get("target", ""):
            return None
        return said | {"target": target, "detail": left | {"redacted": True}}

    def _is_of(said: dict[str, Any], detail: dict[str, Any], target: str) -> bool:
        number = detail.get("id", detail.get("document"))
        is_named = path_sha256(target) in names
        if number is None:
            return is_named
        return number in ids and (is_named or said["seq"] <= purge.began_with)

    return blanked
