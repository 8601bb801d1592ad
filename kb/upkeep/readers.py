"""Changed readers on their way from the catalog into the index, and those beside it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from kb import failpoints
from kb.catalog import generations, outbox, rights
from kb.catalog.database import Catalog, hold_seq
from kb.index.base import Index
from kb.index.generation import name_of
from kb.upkeep.beside import Beside, all_of

DOCUMENTS = 2000
"""Documents whose changed rights are written into the index together."""
POINTS = 10_000
"""Points that get their readers in one call to the index."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Changed rights on their way into the index.

    ``changes`` are documents, each with the tick of the change; ``points`` are those documents'
    points, by the reader tokens that they get.
    """

    changes: dict[int, int]
    points: dict[tuple[str, ...], list[int]]


async def flush(
    catalog: Catalog, index: Index, generation: Callable[[], Awaitable[str]], beside: Beside
) -> int:
    """Bring changed rights from the catalog into the index; returns how many documents.

    ``generation`` opens the live one, and says its name.
    """
    total = 0
    while batch := await catalog.read(_waiting, catalog):
        live, write = await generation(), partial(_write, index, batch.points)
        await write(live)
        others = await beside.write(write)
        failpoints.reached("rights_written")
        await catalog.write(_written, catalog, live, others, batch.changes)
        total += len(batch.changes)
        if len(batch.changes) < DOCUMENTS:
            break
    return total


async def _write(
    index: Index, points: Mapping[tuple[str, ...], list[int]], generation: str
) -> None:
    for tokens, every in points.items():
        for start in range(0, len(every), POINTS):
            await index.set_readers(generation, every[start : start + POINTS], tokens)
    await index.flush(generation)


def _waiting(catalog: Catalog) -> Waiting | None:
    with catalog.reading() as connection:
        changes = outbox.waiting(connection, DOCUMENTS)
        if not changes:
            return None
        readable_by = rights.tokens_of(connection, list(changes))
        points: dict[tuple[str, ...], list[int]] = {}
        for document_id, found in outbox.points_of(connection, list(readable_by)).items():
            if tokens := tuple(readable_by[document_id]):
                points.setdefault(tokens, []).extend(found)
        return Waiting(changes, points)


def _written(
    catalog: Catalog, generation: str, others: Sequence[str], changes: dict[int, int]
) -> None:
    """Forget changes that the index has by now; what has changed again since stays noted."""
    with catalog.writing() as connection:
        hold_seq(connection)  # no other generation goes live while these are forgotten
        live = generations.live(connection)
        if live is None or name_of(live.id) != generation:
            return  # it has not heard of them: they are brought there next
        if not {name_of(one.id) for one in all_of(connection)} <= set(others):
            return  # nor has one that is ready by now
        outbox.written(connection, changes)
