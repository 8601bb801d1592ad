"""Collecting: what no document refers to any more leaves the data directory.

Vectors, elements and originals go, after the sweeper (:mod:`kb.upkeep.publishing`) has forgotten
the chunks of old versions. Values younger than ``retention`` says stay: a run that is going on may
be about to refer to them, and a file that comes back then costs nothing.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from kb.catalog import (
    answers,
    audit,
    backups,
    conversations,
    leases,
    phrases,
    questions,
    rounds,
    stored,
    sweeping,
    vectors,
)
from kb.catalog.database import Catalog, now
from kb.files.blobs import Blobs
from kb.settings import Retention

EVERY_SECONDS = 3600
"""Seconds between two rounds of collecting, whoever makes them."""
ROUND = "collected_at"
BATCH = 2000
"""Vectors that one transaction deletes, and stored values that are looked for at once."""
FEW = 100
"""Files that are deleted after one more look at what refers to them."""


@dataclass(frozen=True, slots=True)
class Collected:
    """How much was deleted, by kind."""

    vectors: int = 0
    blobs: int = 0
    versions: int = 0
    answers: int = 0
    audited: int = 0


def collect_if_due(catalog: Catalog, blobs: Blobs, keep: Retention) -> Collected:
    """Collect, unless some process has within the last hour."""
    with catalog.writing() as connection:
        is_due = rounds.begin(connection, ROUND, EVERY_SECONDS)
    return collect(catalog, blobs, keep) if is_due else Collected()


def collect(catalog: Catalog, blobs: Blobs, keep: Retention) -> Collected:
    """Delete what is older than ``keep`` says and that nothing refers to."""
    phrases.clear_up(catalog)
    return Collected(
        _vectors(catalog, keep.vectors_hours),
        _blobs(catalog, blobs, keep.removed_hours),
        _versions(catalog, keep.versions_days),
        _answers(catalog, keep.answers_days),
        _audited(catalog, keep.audit_days),
    )


def _ago(days: float) -> float:
    return now() - days * 86400


def _audited(catalog: Catalog, days: float) -> int:
    """Delete old entries of the audit log, which notes itself up to where it was cut."""
    if not days:
        return 0
    with catalog.writing() as connection:
        return audit.expire(connection, _ago(days))


def _versions(catalog: Catalog, days: float) -> int:
    with catalog.writing() as connection:
        return sweeping.expire(connection, _ago(days))


def _answers(catalog: Catalog, days: float) -> int:
    with catalog.writing() as connection:
        gone = answers.expire(connection, _ago(days))
        conversations.remove_empty(connection)
        questions.forget(connection, _ago(days))
    return gone


def _vectors(catalog: Catalog, hours: float) -> int:
    """Delete vectors: looked for without a writer's lock, in parts, and once more when deleted."""
    total, before = 0, now() - hours * 3600
    last: str | None = ""
    while last is not None:
        with catalog.reading() as connection:
            hashes, last = vectors.unused(connection, before, last)
        for start in range(0, len(hashes), BATCH):
            with catalog.writing() as connection:
                part = hashes[start : start + BATCH]
                total += vectors.forget_unused(connection, part, before)
    return total


def _blobs(catalog: Catalog, blobs: Blobs, hours: float) -> int:
    """Delete values: looked for at once, then looked at again in parts, by reference and by age."""
    unused, before = unused_blobs(catalog, blobs, hours), time.time() - hours * 3600
    total = 0
    for start in range(0, len(unused), FEW):
        part = _free(catalog, blobs, unused[start : start + FEW])
        total += sum(blobs.expire(path, before) for path in part)
    return total


def _free(catalog: Catalog, blobs: Blobs, paths: list[Path]) -> list[Path]:
    """Those of these files that may go: none while a backup is made, which may still want them.

    It looks for the backup's lease and for references in one snapshot. A backup that begins later
    sees at least these references; what got a new one since then was renewed, and stays.
    """
    with catalog.reading() as connection:
        if leases.is_held(connection, backups.LEASE):
            return []
        used = stored.used(connection, [blobs.key_of(path) for path in paths])
    return [path for path in paths if blobs.key_of(path) not in used]


def unused_blobs(catalog: Catalog, blobs: Blobs, hours: float) -> list[Path]:
    """Files of stored values that nothing refers to, older than ``hours``."""
    before = time.time() - hours * 3600
    old = [path for path in blobs.files() if _changed(path) <= before]
    if not old:
        return []
    used = _used(catalog, blobs, old)
    return [path for path in old if blobs.key_of(path) not in used]


def _used(catalog: Catalog, blobs: Blobs, paths: list[Path]) -> set[str]:
    """Of the keys of these files those that a document refers to."""
    used: set[str] = set()
    with catalog.reading() as connection:
        for start in range(0, len(paths), BATCH):
            keys = [blobs.key_of(path) for path in paths[start : start + BATCH]]
            used |= stored.used(connection, keys)
    return used


def _changed(path: Path) -> float:
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:
        return float("inf")
