"""Where documents lie, and where those lead that are links."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from kb.catalog import containers
from kb.catalog.arrays import among
from kb.catalog.tables import documents

_PLACES = select(
    documents.c.id, documents.c.raw_path, documents.c.target, documents.c.rights,
    documents.c.version,
)  # fmt: skip


def paths_of(connection: Connection, source_id: int) -> list[Row[Any]]:
    """Where every document of a source lies, members included, and who reads it by now.

    Columns: id, raw_path, target (of links), rights, version.
    """
    return list(connection.execute(_PLACES.where(documents.c.source_id == source_id)).all())


def paths_of_some(connection: Connection, document_ids: Sequence[int]) -> list[Row[Any]]:
    """The same of some documents."""
    return list(connection.execute(_PLACES.where(among(documents.c.id, document_ids))).all())


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
    query = select(documents.c.id, documents.c.raw_path, documents.c.target).where(
        documents.c.source_id == source_id, documents.c.parent_id.is_(None)
    )
    for row in connection.execute(query).all():
        raw = bytes(row.raw_path)
        if raw in targets and targets[raw] != row.target:
            note_target(connection, row.id, targets[raw])


def note_target(connection: Connection, document_id: int, target: bytes | None) -> None:
    """Note where one document leads; None: it is no link."""
    connection.execute(update(documents).where(documents.c.id == document_id).values(target=target))
