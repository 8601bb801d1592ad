"""What the start of a run or of a worker puts right before anything is read."""

import logging
from dataclasses import asdict, dataclass

import msgspec

from kb.catalog import documents, healing, members
from kb.catalog.database import Catalog
from kb.errors import KbError
from kb.files import scratch as scratch_room
from kb.files import uploads
from kb.files.blobs import ELEMENTS, Blobs
from kb.files.scratch import Scratch

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
            withdrawn = healing.withdrawn(connection)
            documents.try_again(connection, [*containers, *withdrawn])
            healing.ask_for_runs(connection, containers)
            healing.note_done(connection)
        healed.containers, healed.withdrawn = len(containers), len(withdrawn)
    found = [f"{count} {name}" for name, count in asdict(healed).items() if count]
    if found:
        log.warning("put right: %s", ", ".join(found))
    return healed


def _is_done(catalog: Catalog) -> bool:
    with catalog.reading() as connection:
        return healing.is_done(connection)


def _without_members(catalog: Catalog, blobs: Blobs) -> list[int]:
    """Published containers whose members were never recorded."""
    with catalog.reading() as connection:
        found = healing.without_members(connection)
    return [document_id for document_id, blob in found.items() if _has_members(blobs, blob)]


def _has_members(blobs: Blobs, key: str) -> bool:
    try:
        content = blobs.get(key, ELEMENTS)
        return bool(content and msgspec.msgpack.decode(content, type=_Members).members)
    except (KbError, msgspec.MsgspecError):
        return False  # a damaged value is told by the check
