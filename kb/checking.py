"""Catalog against index and blobs: what is lost, double, orphaned, or open to the wrong people.

Workers may go on meanwhile: whatever looks wrong is looked up in the catalog once more before it is
counted, and a version's points are planned in the catalog before they are written.
"""

import asyncio
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, func, select

from kb.blobs import ELEMENTS, ORIGINAL, Blobs
from kb.catalog import documents as documents_catalog
from kb.catalog import generations, rights, versions
from kb.catalog.database import Catalog
from kb.catalog.tables import chunks, documents, rights_outbox
from kb.catalog.tables import versions as versions_table
from kb.collecting import unused_blobs
from kb.embedding import Embeddings
from kb.index.loading import points_of_versions, scroll
from kb.index.remote import RemoteIndex
from kb.publishing import Publisher, name_of

OVERDUE_HOURS = 2.0
"""What is collected every hour is overdue after this."""


@dataclass(slots=True)
class Report:
    """Counts of passages and of stored values; all zero is a sound knowledge base."""

    lost: int = 0
    duplicate: int = 0
    orphan: int = 0
    wrong_access: int = 0

    def as_json(self) -> dict[str, int]:
        """The JSON of ``kb check``."""
        return asdict(self)


@dataclass(slots=True)
class Expected:
    """What the catalog says the index should hold."""

    readers: dict[int, list[str]] = field(default_factory=dict)
    tolerated: dict[int, int] = field(default_factory=dict)
    duplicates: int = 0
    pending_rights: frozenset[int] = frozenset()


@dataclass(slots=True)
class Findings:
    """The report, and what a repair needs."""

    report: Report
    lost: list[int] = field(default_factory=list)
    orphans: list[int] = field(default_factory=list)
    wrong: dict[int, list[str]] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)
    """Documents whose stored elements or original are missing or damaged."""


async def check(catalog: Catalog, index: RemoteIndex, blobs: Blobs, kept_hours: float) -> Findings:
    """Compare catalog, index and blobs, whose unused values stay ``kept_hours``. Reads only."""
    with catalog.reading() as connection:
        live = generations.live(connection)
        expected = _expected(connection)
    findings = Findings(Report(duplicate=expected.duplicates))
    left = dict(expected.readers)
    if live is not None:
        async for part in scroll(index, name_of(live.id)):
            _compare(part, left, expected, findings)
    with catalog.reading() as connection:
        _keep_what_still_holds(findings, left, _expected(connection))
    findings.unreadable = await asyncio.to_thread(_unreadable, catalog, blobs)
    forgotten = await asyncio.to_thread(unused_blobs, catalog, blobs, kept_hours + OVERDUE_HOURS)
    findings.report.lost = len(findings.lost) + len(findings.unreadable)
    findings.report.orphan = len(findings.orphans) + len(forgotten)
    findings.report.wrong_access = len(findings.wrong)
    return findings


def _keep_what_still_holds(findings: Findings, left: dict[int, list[str]], now: Expected) -> None:
    """Drop suspicions that the catalog, read again, explains: it moved on during the look."""
    findings.lost = sorted(point for point in left if point in now.readers)
    findings.orphans = [p for p in findings.orphans if not _is_tolerated(p, now)]
    findings.wrong = {
        point: now.readers[point]
        for point, wanted in findings.wrong.items()
        if now.readers.get(point) == wanted and point not in now.pending_rights
    }


def _is_tolerated(point: int, expected: Expected) -> bool:
    planned = expected.tolerated.get(point >> versions.ORDINAL_BITS, 0)
    return (point & ((1 << versions.ORDINAL_BITS) - 1)) < planned


def _unreadable(catalog: Catalog, blobs: Blobs) -> list[int]:
    with catalog.reading() as connection:
        rows = connection.execute(
            select(
                documents.c.id, documents.c.blob, documents.c.parent_id, documents.c.content_hash
            ).where(documents.c.version.is_not(None))
        ).all()
    return [
        row.id
        for row in rows
        if not blobs.holds(row.blob, ELEMENTS)
        or (row.parent_id is not None and not blobs.holds(row.content_hash, ORIGINAL))
    ]


async def is_settled(catalog: Catalog, index: RemoteIndex) -> bool:
    """Whether the index holds exactly as many points as the catalog says; cheap."""
    with catalog.reading() as connection:
        live = generations.live(connection)
        settled = versions.count_settled(connection)
    return live is None or await index.count(name_of(live.id)) == settled


def _expected(connection: Connection) -> Expected:
    rows = connection.execute(
        select(chunks.c.point, documents.c.id)
        .join(versions_table, versions_table.c.number == chunks.c.version)
        .join(documents, documents.c.version == versions_table.c.number)
        .where(versions_table.c.state == versions.CURRENT)
    ).all()
    tokens = rights.tokens_of(connection, sorted({r.id for r in rows}))
    promised = connection.scalar(
        select(func.coalesce(func.sum(documents.c.chunks), 0)).where(
            documents.c.version.is_not(None)
        )
    )
    expected = Expected({r.point: tokens.get(r.id, []) for r in rows})
    expected.tolerated = {n: points for n, (_, points) in versions.in_index(connection).items()}
    expected.duplicates = _current_twice(connection) + max(0, len(rows) - int(promised or 0))
    pending = set(connection.scalars(select(rights_outbox.c.document_id)))
    expected.pending_rights = frozenset(r.point for r in rows if r.id in pending)
    return expected


def _current_twice(connection: Connection) -> int:
    twice = (
        select(versions_table.c.document_id)
        .where(versions_table.c.state == versions.CURRENT)
        .group_by(versions_table.c.document_id)
        .having(func.count() > 1)
    )
    return len(connection.execute(twice).all())


def _compare(
    part: dict[int, list[str]], left: dict[int, list[str]], expected: Expected, findings: Findings
) -> None:
    for point, readers in part.items():
        wanted = left.pop(point, None)
        if wanted is None:
            if not _is_tolerated(point, expected):
                findings.orphans.append(point)
        elif sorted(readers) != sorted(wanted) and point not in expected.pending_rights:
            findings.wrong[point] = wanted


async def repair(
    catalog: Catalog,
    index: RemoteIndex,
    embeddings: Embeddings,
    publisher: Publisher,
    findings: Findings,
) -> None:
    """Mend what :func:`check` found: everything comes from the catalog.

    Documents whose stored values are unreadable are read again in the next run of their source.
    """
    generation = await publisher.generation()
    numbers = sorted({p >> versions.ORDINAL_BITS for p in findings.lost})
    if numbers:
        points = await points_of_versions(catalog, embeddings, numbers)
        await index.upsert(generation, points)
    await index.delete(generation, findings.orphans)
    for point, readers in findings.wrong.items():
        await index.set_readers(generation, [point], readers)
    await index.flush(generation)
    with catalog.writing() as connection:
        documents_catalog.try_again(connection, findings.unreadable)
