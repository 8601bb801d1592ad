"""What no document refers to any more leaves the data directory: vectors, elements, originals.

The sweeper (:mod:`kb.upkeep.publishing`) forgets the chunks of old versions; this comes after it.
What is younger than ``retention`` says stays, since a run that is going on may be about to refer to
it, and a file that comes back costs nothing.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import and_, delete, exists, select, update

from kb.catalog import audit, conversations, phrases, questions
from kb.catalog.arrays import among
from kb.catalog.database import Catalog, insert_ignoring, now
from kb.catalog.tables import answers, chunks, counters, documents, vectors, versions
from kb.catalog.versions import SWEPT
from kb.files.blobs import Blobs
from kb.settings import Retention

EVERY_SECONDS = 3600
LAST = "collected_at"
PART, BATCH, FEW = 50_000, 2000, 100
"""Vectors that are looked at in one transaction; rows that one deletes; files that are
deleted after one more look."""


@dataclass(frozen=True, slots=True)
class Collected:
    """How much went."""

    vectors: int = 0
    blobs: int = 0
    versions: int = 0
    answers: int = 0
    audited: int = 0


def collect_if_due(catalog: Catalog, blobs: Blobs, keep: Retention) -> Collected:
    """Collect, where nobody has within the last hour."""
    with catalog.writing() as connection:
        insert_ignoring(connection, counters, [{"name": LAST, "value": 0}])
        due = connection.execute(
            update(counters)
            .where(counters.c.name == LAST, counters.c.value < int(now()) - EVERY_SECONDS)
            .values(value=int(now()))
        )
    return collect(catalog, blobs, keep) if due.rowcount else Collected()


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


def _audited(catalog: Catalog, days: float) -> int:
    """Entries of the audit log; it says itself up to where it was cut."""
    if not days:
        return 0
    with catalog.writing() as connection:
        return audit.expire(connection, now() - days * 86400)


def _versions(catalog: Catalog, days: float) -> int:
    """Entries of the histories; the current version of a document is never one of them."""
    with catalog.writing() as connection:
        gone = connection.execute(
            delete(versions).where(
                versions.c.state == SWEPT, versions.c.finished_at < now() - days * 86400
            )
        )
    return gone.rowcount


def _answers(catalog: Catalog, days: float) -> int:
    with catalog.writing() as connection:
        gone = connection.execute(delete(answers).where(answers.c.asked_at < now() - days * 86400))
        conversations.remove_empty(connection)
        questions.forget(connection, now() - days * 86400)
    return gone.rowcount


def _vectors(catalog: Catalog, hours: float) -> int:
    """Looked for without a writer's lock, a part at a time, and looked at again when deleted."""
    unused = and_(
        vectors.c.kept_at <= now() - hours * 3600,
        ~exists().where(chunks.c.vector_hash == vectors.c.hash),
    )
    total, last = 0, ""
    while True:
        part = select(vectors.c.hash).where(vectors.c.hash > last).order_by(vectors.c.hash)
        with catalog.reading() as connection:
            end = connection.scalar(part.offset(PART - 1).limit(1))
            within = vectors.c.hash > last if end is None else vectors.c.hash.between(last, end)
            hashes = list(connection.scalars(select(vectors.c.hash).where(within, unused)))
        for start in range(0, len(hashes), BATCH):
            with catalog.writing() as connection:
                gone = delete(vectors).where(
                    among(vectors.c.hash, hashes[start : start + BATCH]), unused
                )
                total += connection.execute(gone).rowcount
        if end is None:
            return total
        last = end


def _blobs(catalog: Catalog, blobs: Blobs, hours: float) -> int:
    """Looked for all at once; a part at a time looked at again, by reference and by age."""
    unused, before = unused_blobs(catalog, blobs, hours), time.time() - hours * 3600
    total = 0
    for start in range(0, len(unused), FEW):
        part = unused[start : start + FEW]
        used = _used(catalog, blobs, part)
        total += sum(blobs.expire(p, before) for p in part if blobs.key_of(p) not in used)
    return total


def unused_blobs(catalog: Catalog, blobs: Blobs, hours: float) -> list[Path]:
    """Files of values that nothing refers to, older than ``hours``."""
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
            for column in (documents.c.blob, documents.c.content_hash, documents.c.pending):
                used |= set(connection.scalars(select(column).where(among(column, keys))))
    return used


def _changed(path: Path) -> float:
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:
        return float("inf")
