"""Where documents lie, and where those lead that are links."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, select, update

from kb.catalog import containers, entries
from kb.catalog.arrays import among
from kb.catalog.tables import documents
from kb.types.files import DocumentPlace


def paths_of(connection: Connection, source_id: int) -> list[DocumentPlace]:
    """Where every document of a source lies, members included, and who reads it by now."""
    return entries.places(connection, documents.c.source_id == source_id)


def paths_of_some(connection: Connection, document_ids: Sequence[int]) -> list[DocumentPlace]:
    """Where some documents lie, and who reads them by now."""
    return entries.places(connection, among(documents.c.id, document_ids))


def unsettled(connection: Connection, source_id: int, changed: Iterable[int] = ()) -> set[int]:
    """The documents of a source whose text may be another than what lies at their place by now.

    They are those that ``changed``, members that are still to be read, and all that was in either.
    """
    query = select(documents.c.id).where(
        documents.c.source_id == source_id, documents.c.pending.is_not(None)
    )
    return containers.with_members(connection, [*changed, *connection.scalars(query)])


def has_own_rights(connection: Connection, source_id: int) -> bool:
    """Whether a document of a source has other readers than the source."""
    query = select(documents.c.id).where(
        documents.c.source_id == source_id, documents.c.rights.is_not(None)
    )
    return connection.scalar(query.limit(1)) is not None


def note_targets(
    connection: Connection, source_id: int, targets: Mapping[bytes, bytes | None]
) -> None:
    """Note where the files of a source lead that are links; None: it is none (any more)."""
    files = entries.places(
        connection, documents.c.source_id == source_id, documents.c.parent_id.is_(None)
    )
    for place in files:
        if place.raw_path in targets and targets[place.raw_path] != place.target:
            note_target(connection, place.id, targets[place.raw_path])


def note_target(connection: Connection, document_id: int, target: bytes | None) -> None:
    """Note where one document leads; None: it is no link."""
    connection.execute(update(documents).where(documents.c.id == document_id).values(target=target))
