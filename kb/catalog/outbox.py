"""Documents whose readers in the index may be behind the catalog's, until they are written."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from kb.catalog.arrays import among
from kb.catalog.database import current_seq, now
from kb.catalog.tables import documents, rights_outbox
from kb.types.points import points_in


def queue_rights(connection: Connection, document_ids: Sequence[int]) -> None:
    """Note that these documents' rights in the index may be behind the catalog's."""
    seq = current_seq(connection)
    for start in range(0, len(document_ids), 500):
        part = list(document_ids[start : start + 500])
        connection.execute(delete(rights_outbox).where(among(rights_outbox.c.document_id, part)))
        connection.execute(
            insert(rights_outbox),
            [{"document_id": d, "seq": seq, "queued_at": now()} for d in part],
        )


def waiting(connection: Connection, limit: int) -> dict[int, int]:
    """Documents whose changed rights are to be written, and the tick of the change."""
    query = select(rights_outbox.c.document_id, rights_outbox.c.seq)
    rows = connection.execute(query.order_by(rights_outbox.c.document_id).limit(limit))
    return dict(rows.tuples().all())


def written(connection: Connection, changes: Mapping[int, int]) -> None:
    """Strike out changes (documents and ticks) as written; a later one of a document stays."""
    change = delete(rights_outbox).where(
        rights_outbox.c.document_id == bindparam("document"),
        rights_outbox.c.seq == bindparam("at"),
    )
    connection.execute(change, [{"document": d, "at": seq} for d, seq in changes.items()])


def points_of(connection: Connection, document_ids: Sequence[int]) -> dict[int, list[int]]:
    """The points of each document's current version, of those that have one."""
    query = select(documents.c.id, documents.c.version, documents.c.chunks).where(
        among(documents.c.id, document_ids), documents.c.version.is_not(None)
    )
    return {
        number: points_in(version, chunks)
        for number, version, chunks in connection.execute(query).tuples()
    }
