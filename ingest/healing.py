"""What the start of a run or of a worker puts right before anything is read."""

import logging
from dataclasses import asdict, dataclass

import msgspec
from sqlalchemy import Row, or_, select, update

from kb.catalog import documents as documents_catalog
from kb.catalog import members, sources
from kb.catalog.arrays import among
from kb.catalog.database import Catalog, Connection, insert_ignoring
from kb.catalog.tables import counters, documents
from kb.errors import KbError
from kb.files import scratch as scratch_room
from kb.files import uploads
from kb.files.blobs import ELEMENTS, Blobs
from kb.files.scratch import Scratch
from kb.types.library import SCHEDULED
from kb.types.parsed import State

HEALED = "healed"
"""The counter that says what of the faults of earlier releases has been put right."""
NOW = 1
WITHDRAWN = "unreadable"
"""The reason under which earlier releases withdrew what was on a share that had gone away."""
log = logging.getLogger("kb.healing")


@dataclass(slots=True)
class Healed:
    """How much was put right.

    ``members`` that waited without their bytes, ``containers`` whose members nobody had recorded,
    ``withdrawn`` files to be tried again, ``folders`` of processes and ``uploads`` of sources that
    are gone.
    """

    members: int = 0
    containers: int = 0
    withdrawn: int = 0
    folders: int = 0
    uploads: int = 0


class _Name(msgspec.Struct):
    name: str


class _Members(msgspec.Struct):
    members: tuple[_Name, ...] = ()


def heal(catalog: Catalog, blobs: Blobs, scratch: Scratch) -> Healed:
    """Clear up after processes that are gone; once, what faults of earlier releases have left.

    What has to be read anew is asked for. Says how much there was on the log, if anything.
    """
    folders = scratch.clear() + scratch_room.clear_old()
    healed = Healed(folders=folders, uploads=uploads.clear_up(catalog))
    with catalog.writing() as connection:
        healed.members = members.reread_what_lost_its_bytes(connection)
    if not _is_done(catalog):
        containers = _without_members(catalog, blobs)
        with catalog.writing() as connection:
            healed.containers = len(containers)
            documents_catalog.try_again(connection, containers)
            withdrawn = _withdrawn(connection)
            healed.withdrawn = len(withdrawn)
            documents_catalog.try_again(connection, withdrawn)
            _ask_for_runs(connection, containers)
            insert_ignoring(connection, counters, [{"name": HEALED, "value": 0}])
            connection.execute(update(counters).where(counters.c.name == HEALED).values(value=NOW))
    found = [f"{count} {name}" for name, count in asdict(healed).items() if count]
    if found:
        log.warning("put right: %s", ", ".join(found))
    return healed


def _is_done(catalog: Catalog) -> bool:
    with catalog.reading() as connection:
        query = select(counters.c.value).where(counters.c.name == HEALED)
        return int(connection.scalar(query) or 0) >= NOW


def _without_members(catalog: Catalog, blobs: Blobs) -> list[int]:
    """Published containers whose members were never recorded."""
    child = documents.alias()
    query = select(documents.c.id, documents.c.blob).where(
        documents.c.version.is_not(None),
        documents.c.blob.is_not(None),
        ~select(child.c.id).where(child.c.parent_id == documents.c.id).exists(),
    )
    with catalog.reading() as connection:
        rows = connection.execute(query).all()
    return [row.id for row in rows if _has_members(blobs, row)]


def _has_members(blobs: Blobs, row: Row[tuple[int, str]]) -> bool:
    try:
        content = blobs.get(row.blob, ELEMENTS)
        return bool(content and msgspec.msgpack.decode(content, type=_Members).members)
    except (KbError, msgspec.MsgspecError):
        return False  # a damaged value is told by the check


def _withdrawn(connection: Connection) -> list[int]:
    query = select(documents.c.id).where(
        documents.c.state == State.FAILED, documents.c.code == WITHDRAWN
    )
    return list(connection.scalars(query))


def _ask_for_runs(connection: Connection, containers: list[int]) -> None:
    """Have the sources read in which a file waits, or a container that is published."""
    due = or_(documents.c.state == State.WAITING, among(documents.c.id, containers))
    waiting = select(documents.c.source_id).where(due).distinct()
    for source_id in list(connection.scalars(waiting)):
        sources.request_run(connection, source_id, SCHEDULED)
