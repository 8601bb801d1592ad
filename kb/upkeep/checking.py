"""Checking: the catalog compared with index and blobs, and repaired.

It finds what is lost, double, orphaned, or open to the wrong people.

Workers may go on meanwhile: whatever looks wrong is looked up in the catalog once more before it is
counted, and a version's points are planned in the catalog before they are written.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

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


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Counts of faults, in passages and stored values; a sound knowledge base has none.

    ``lost`` is missing in the index, cannot be read, or is a file that waits to be read while
    nobody reads its source; ``orphan`` is there, and nothing refers to it; ``wrong_access``: the
    index lets in other readers than the catalog.
    """

    lost: int = 0
    duplicate: int = 0
    orphan: int = 0
    wrong_access: int = 0

    def as_json(self) -> dict[str, int]:
        """The JSON of ``kb check``."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the catalog says that the index should hold, and what it lacks itself."""

    readers: dict[int, list[str]]
    """The reader tokens of each point."""
    tolerated: dict[int, int]
    """Versions whose points may be there, with how many."""
    duplicates: int
    """Passages that the catalog itself has too many."""
    hollow: dict[int, int]
    """Documents of which the catalog has fewer passages than it says, and how many are missing."""
    stray: frozenset[int]
    """Current versions (numbers) that no document has for its own."""
    waiting: frozenset[int]
    """Files that wait to be read although no run is going on over their source."""
    pending_rights: frozenset[int]
    """Points whose readers in the index may be behind."""

    def tolerates(self, point: int) -> bool:
        """Whether a point may be there although it belongs to no current version."""
        return ordinal_of(point) < self.tolerated.get(version_of(point), 0)


@dataclass(frozen=True, slots=True)
class Findings:
    """The report, and what a repair needs."""

    report: CheckReport
    lost: Sequence[int]
    """Points that the index has not."""
    orphans: Sequence[int]
    """Points that nothing refers to."""
    wrong: dict[int, list[str]]
    """Points with the wrong readers, and the right ones."""
    unreadable: Sequence[int]
    """Documents whose stored elements, original or passages are missing or damaged."""
    stray: Sequence[int]
    """Current versions (numbers) that no document has for its own."""


class _Comparison:
    """The index against the catalog, one part of the index after another."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self._left = dict(expected.readers)
        self._orphans: list[int] = []
        self._wrong: dict[int, list[str]] = {}

    def take(self, part: dict[int, list[str]]) -> None:
        """Compare points, each with its readers."""
        for point, readers in part.items():
            wanted = self._left.pop(point, None)
            if wanted is None:
                if not self._expected.tolerates(point):
                    self._orphans.append(point)
            elif sorted(readers) != sorted(wanted) and point not in self._expected.pending_rights:
                self._wrong[point] = wanted

    def lost(self, now: Expected) -> list[int]:
        """Points that never came, and that the catalog, read again, still wants."""
        return sorted(point for point in self._left if point in now.readers)

    def orphans(self, now: Expected) -> list[int]:
        """Points too many that the catalog, read again, does not explain."""
        return [point for point in self._orphans if not now.tolerates(point)]

    def wrong(self, now: Expected) -> dict[int, list[str]]:
        """Points whose readers are wrong by the catalog, read again, too."""
        return {
            point: wanted
            for point, wanted in self._wrong.items()
            if now.readers.get(point) == wanted and point not in now.pending_rights
        }


async def check(catalog: Catalog, index: RemoteIndex, blobs: Blobs, kept_hours: float) -> Findings:
    """Compare catalog, index and blobs; nothing is changed. Unused values stay ``kept_hours``.

    Raises:
        DamagedError: the index cannot be read; it has to be built anew.
    """
    live, expected = await catalog.read(_look, catalog)
    comparison = _Comparison(expected)
    if live is not None:
        await index.verify(name_of(live.id))
        async for part in scroll(index, name_of(live.id)):
            comparison.take(part)
    _, now = await catalog.read(_look, catalog)
    lost, orphans, wrong = comparison.lost(now), comparison.orphans(now), comparison.wrong(now)
    unreadable = await catalog.read(_unreadable, catalog, blobs)
    forgotten = await catalog.read(unused_blobs, catalog, blobs, kept_hours + OVERDUE_HOURS)
    hollow = {d: n for d, n in now.hollow.items() if expected.hollow.get(d) == n}
    stray = now.stray & expected.stray
    waiting = now.waiting & expected.waiting
    report = CheckReport(
        lost=len(lost) + len(unreadable) + sum(hollow.values()) + len(waiting),
        duplicate=min(expected.duplicates, now.duplicates),
        orphan=len(orphans) + len(forgotten) + len(stray),
        wrong_access=len(wrong),
    )
    return Findings(report, lost, orphans, wrong, sorted({*unreadable, *hollow}), sorted(stray))


def _look(catalog: Catalog) -> tuple[Generation | None, Expected]:
    """The live generation, and what should be in it."""
    with catalog.reading() as connection:
        return generations.live(connection), _expected(connection)


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
    missing = _missing(promises.passages(connection), Counter(held.values()))
    pending = promises.pending_rights(connection)
    return Expected(
        readers={point: tokens.get(number, []) for point, number in held.items()},
        tolerated=versions.in_index(connection),
        duplicates=versions.count_current_twice(connection)
        + sum(-count for count in missing.values() if count < 0),
        hollow={document: count for document, count in missing.items() if count > 0},
        stray=frozenset(versions.stray(connection)),
        waiting=frozenset(_waiting(connection)),
        pending_rights=frozenset(p for p, number in held.items() if number in pending),
    )


def _missing(promised: dict[int, int], held: Counter[int]) -> dict[int, int]:
    """How many passages each document lacks, by what the catalog says it has; below 0: too many.

    What the sums over all documents would hide: one has too few, another too many.
    """
    return {document: count - held[document] for document, count in promised.items()}


def _waiting(connection: Connection) -> list[int]:
    """Files that wait, in sources that nobody is reading."""
    unread = {
        source.id
        for source in sources.all_of(connection, counted=False)
        if not leases.is_held(connection, f"source:{source.id}")
    }
    waiting = promises.waiting(connection)
    return [number for number, source_id in waiting.items() if source_id in unread]


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
        made = await points_of_versions(catalog, embeddings, numbers)
        await index.upsert(generation, made.points)
    await index.delete(generation, findings.orphans)
    for point, readers in findings.wrong.items():
        await index.set_readers(generation, [point], readers)
    await index.flush(generation)
    await catalog.write(_try_again, catalog, findings)


def _try_again(catalog: Catalog, findings: Findings) -> None:
    with catalog.writing() as connection:
        documents.try_again(connection, findings.unreadable)
        versions.withdraw(connection, findings.stray)
