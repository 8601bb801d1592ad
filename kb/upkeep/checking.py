"""Checking: the catalog compared with index and blobs, and repaired.

Found is what is lost, double, orphaned, or open to the wrong people.

Workers may go on meanwhile: whatever looks wrong is looked up in the catalog once more before it is
counted, and a version's points are planned in the catalog before they are written.
"""

from collections import Counter
from dataclasses import asdict, dataclass, field

from kb.catalog import (
    chunks,
    documents,
    generations,
    leases,
    promises,
    rights,
    sources,
    stored,
    versions,
)
from kb.catalog.database import Catalog, Connection
from kb.embedding.client import Embeddings
from kb.files.blobs import ELEMENTS, ORIGINAL, Blobs
from kb.index.generation import name_of
from kb.index.remote import RemoteIndex
from kb.types.index import Generation
from kb.types.points import ordinal_of, version_of
from kb.upkeep.collecting import unused_blobs
from kb.upkeep.loading import points_of_versions, scroll
from kb.upkeep.publishing import Publisher

OVERDUE_HOURS = 2.0
"""Hours after which what is collected every hour is overdue."""


@dataclass(slots=True)
class Report:
    """Counts of faults, in passages and stored values; a sound knowledge base has none.

    ``lost`` is missing in the index, or cannot be read; ``orphan`` is there, and nothing refers to
    it; ``wrong_access``: the index lets in other readers than the catalog.
    """

    lost: int = 0
    duplicate: int = 0
    orphan: int = 0
    wrong_access: int = 0

    def as_json(self) -> dict[str, int]:
        """The JSON of ``kb check``."""
        return asdict(self)


@dataclass(slots=True)
class Expected:
    """What the catalog says that the index should hold.

    ``readers`` are the reader tokens of each point; ``tolerated`` are versions whose points may be
    there, with how many; ``duplicates`` are passages that the catalog itself has too many;
    ``pending_rights`` are points whose readers in the index may be behind.
    """

    readers: dict[int, list[str]] = field(default_factory=dict)
    tolerated: dict[int, int] = field(default_factory=dict)
    duplicates: int = 0
    hollow: dict[int, int] = field(default_factory=dict)
    """Documents of which the catalog has fewer passages than it says, and how many are missing."""
    stray: list[int] = field(default_factory=list)
    """Current versions (numbers) that no document has for its own."""
    waiting: list[int] = field(default_factory=list)
    """Files that wait to be read although no run is going on over their source."""
    pending_rights: frozenset[int] = frozenset()


@dataclass(slots=True)
class Findings:
    """The report, and what a repair needs: points ``lost``, orphaned, or with the wrong readers."""

    report: Report
    lost: list[int] = field(default_factory=list)
    orphans: list[int] = field(default_factory=list)
    wrong: dict[int, list[str]] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)
    """Documents whose stored elements, original or passages are missing or damaged."""
    stray: list[int] = field(default_factory=list)


async def check(catalog: Catalog, index: RemoteIndex, blobs: Blobs, kept_hours: float) -> Findings:
    """Compare catalog, index and blobs; nothing is changed. Unused values stay ``kept_hours``.

    Raises:
        DamagedError: the index cannot be read; it has to be built anew.
    """
    live, expected = await catalog.read(_look, catalog)
    findings = Findings(Report())
    left = dict(expected.readers)
    if live is not None:
        await index.verify(name_of(live.id))
        async for part in scroll(index, name_of(live.id)):
            _compare(part, left, expected, findings)
    _, now = await catalog.read(_look, catalog)
    _keep_what_still_holds(findings, left, now)
    unreadable = await catalog.read(_unreadable, catalog, blobs)
    forgotten = await catalog.read(unused_blobs, catalog, blobs, kept_hours + OVERDUE_HOURS)
    hollow = {d: n for d, n in now.hollow.items() if expected.hollow.get(d) == n}
    findings.unreadable = sorted({*unreadable, *hollow})
    findings.stray = [number for number in now.stray if number in expected.stray]
    waiting = set(now.waiting) & set(expected.waiting)
    findings.report.lost = (
        len(findings.lost) + len(unreadable) + sum(hollow.values()) + len(waiting)
    )
    findings.report.duplicate = min(expected.duplicates, now.duplicates)
    findings.report.orphan = len(findings.orphans) + len(forgotten) + len(findings.stray)
    findings.report.wrong_access = len(findings.wrong)
    return findings


def _look(catalog: Catalog) -> tuple[Generation | None, Expected]:
    """The live generation, and what should be in it."""
    with catalog.reading() as connection:
        return generations.live(connection), _expected(connection)


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
    planned = expected.tolerated.get(version_of(point), 0)
    return ordinal_of(point) < planned


def _unreadable(catalog: Catalog, blobs: Blobs) -> list[int]:
    with catalog.reading() as connection:
        published = stored.published(connection)
    return [
        one.id
        for one in published
        if not blobs.holds(one.blob, ELEMENTS)
        or (one.parent_id is not None and not blobs.holds(one.content_hash, ORIGINAL))
    ]


async def is_settled(catalog: Catalog, index: RemoteIndex) -> bool:
    """Whether the index holds as many points as the catalog says; nothing else is compared."""
    live, settled = await catalog.read(_settled, catalog)
    return live is None or await index.count(name_of(live.id)) == settled


def _settled(catalog: Catalog) -> tuple[Generation | None, int]:
    with catalog.reading() as connection:
        return generations.live(connection), versions.count_settled(connection)


def _expected(connection: Connection) -> Expected:
    held = chunks.points_of_current(connection)
    tokens = rights.tokens_of(connection, sorted(set(held.values())))
    expected = Expected({point: tokens.get(number, []) for point, number in held.items()})
    expected.tolerated = versions.in_index(connection)
    expected.duplicates = versions.count_current_twice(connection)
    _compare_promises(promises.passages(connection), Counter(held.values()), expected)
    expected.stray = versions.stray(connection)
    expected.waiting = _waiting(connection)
    pending = promises.pending_rights(connection)
    expected.pending_rights = frozenset(p for p, number in held.items() if number in pending)
    return expected


def _compare_promises(promised: dict[int, int], held: Counter[int], expected: Expected) -> None:
    """Each document's number of passages, as the catalog says, against those that are there.

    What the sums over all documents would hide: one has too few, another too many.
    """
    for document_id, count in promised.items():
        missing = count - held[document_id]
        if missing > 0:
            expected.hollow[document_id] = missing
        expected.duplicates += max(0, -missing)


def _waiting(connection: Connection) -> list[int]:
    """Files that wait, in sources that nobody is reading."""
    unread = {
        source.id
        for source in sources.all_of(connection, counted=False)
        if not leases.is_held(connection, f"source:{source.id}")
    }
    waiting = promises.waiting(connection)
    return [number for number, source_id in waiting.items() if source_id in unread]


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
    """Mend what :func:`check` found, from what the catalog has.

    Documents whose stored values are unreadable are read again in the next run of their source.
    """
    generation = await publisher.generation()
    numbers = sorted({version_of(p) for p in findings.lost})
    if numbers:
        points = await points_of_versions(catalog, embeddings, numbers)
        await index.upsert(generation, points)
    await index.delete(generation, findings.orphans)
    for point, readers in findings.wrong.items():
        await index.set_readers(generation, [point], readers)
    await index.flush(generation)
    await catalog.write(_try_again, catalog, findings)


def _try_again(catalog: Catalog, findings: Findings) -> None:
    with catalog.writing() as connection:
        documents.try_again(connection, findings.unreadable)
        versions.withdraw(connection, findings.stray)
