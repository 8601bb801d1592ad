"""Where documents lie, and where those lead that are links."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select, update

from kb.catalog.tables import documents


def paths_of(connection: Connection, source_id: int) -> list[Row[Any]]:
    """Id, raw path and, of links, the target of every document of a source, members included."""
    query = select(documents.c.id, documents.c.raw_path, documents.c.target)
    return list(connection.execute(query.where(documents.c.source_id == source_id)).all())


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
            connection.execute(
                update(documents).where(documents.c.id == row.id).values(target=targets[raw])
            )
