"""What faults of earlier releases have left in the catalog; it is put right once."""

from collections.abc import Sequence

from sqlalchemy import Connection, or_, select, update

from kb.catalog import sources
from kb.catalog.arrays import among
from kb.catalog.database import insert_ignoring
from kb.catalog.tables import counters, documents
from kb.types.library import SCHEDULED
from kb.types.parsed import State

HEALED = "healed"
"""The counter that says what of those faults has been put right."""
NOW = 1
"""What the counter is once all that this release knows of has been put right."""
WITHDRAWN = "unreadable"
"""The reason under which earlier releases withdrew what was on a share that had gone away."""


def is_done(connection: Connection) -> bool:
    """Whether all that this release knows of has been put right."""
    query = select(counters.c.value).where(counters.c.name == HEALED)
    return int(connection.scalar(query) or 0) >= NOW


def note_done(connection: Connection) -> None:
    """All that this release knows of has been put right."""
    insert_ignoring(connection, counters, [{"name": HEALED, "value": 0}])
    connection.execute(update(counters).where(counters.c.name == HEALED).values(value=NOW))


def without_members(connection: Connection) -> dict[int, str]:
    """Published documents that nothing in the ledger came out of, and their elements' blobs."""
    child = documents.alias()
    query = select(documents.c.id, documents.c.blob).where(
        documents.c.version.is_not(None),
        documents.c.blob.is_not(None),
        ~select(child.c.id).where(child.c.parent_id == documents.c.id).exists(),
    )
    return dict(connection.execute(query).tuples().all())


def withdrawn(connection: Connection) -> list[int]:
    """Documents that were withdrawn although only their share was away."""
    query = select(documents.c.id).where(
        documents.c.state == State.FAILED, documents.c.code == WITHDRAWN
    )
    return list(connection.scalars(query))


def ask_for_runs(connection: Connection, containers: Sequence[int]) -> None:
    """Have the sources read in which a file waits, or one of these containers is."""
    due = or_(documents.c.state == State.WAITING, among(documents.c.id, containers))
    waiting = select(documents.c.source_id).where(due).distinct()
    for source_id in list(connection.scalars(waiting)):
        sources.request_run(connection, source_id, SCHEDULED)
