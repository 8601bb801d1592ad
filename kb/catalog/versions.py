"""Versions: an attempt becomes the current version, and the old one retires."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from kb.catalog import dating, phrases
from kb.catalog.arrays import among
from kb.catalog.database import next_seq, now
from kb.catalog.tables import chunks, documents, leases, versions
from kb.errors import LeaseLost
from kb.types.library import Version
from kb.types.parsed import as_kept
from kb.types.versions import Facts

ATTEMPT, CURRENT, RETIRED, ABANDONED, SWEPT = "attempt", "current", "retired", "abandoned", "swept"


def begin(
    connection: Connection, document_id: int, worker: str, content_hash: str, fence: int = 0
) -> int:
    """Step 0: begin an attempt; returns its version number, which is never used again.

    ``fence`` is the fencing number of the lease that the attempt is made under.
    """
    number = connection.execute(
        insert(versions)
        .values(
            document_id=document_id,
            content_hash=content_hash,
            state=ATTEMPT,
            points=0,
            worker=worker,
            fence=fence,
            started_at=now(),
        )
        .returning(versions.c.number)
    ).scalar_one()
    return int(number)


def plan(connection: Connection, planned: dict[int, int]) -> None:
    """Before step 2: note how many points each attempt will write, so that they can be swept."""
    for number, points in planned.items():
        connection.execute(
            update(versions).where(versions.c.number == number).values(points=points)
        )


def abandon(
    connection: Connection, number: int, code: str, parameters: dict[str, Any] | None = None
) -> None:
    """Note that an attempt ended without becoming a version, and why."""
    connection.execute(
        update(versions)
        .where(versions.c.number == number, versions.c.state == ATTEMPT)
        .values(state=ABANDONED, finished_at=now(), code=code, parameters=parameters or {})
    )


def failed(
    connection: Connection,
    document_id: int,
    worker: str,
    started_at: float,
    code: str,
    parameters: dict[str, Any],
) -> None:
    """Keep an attempt that gave nothing to publish, for the document's history."""
    connection.execute(
        insert(versions).values(
            document_id=document_id,
            state=SWEPT,
            points=0,
            worker=worker,
            started_at=started_at,
            finished_at=now(),
            code=code,
            parameters=parameters,
        )
    )


def abandon_dead_attempts(connection: Connection, worker: str) -> int:
    """Abandon the attempts of workers that hold no lease any more; returns how many.

    A lease that has run out, and still stands in the name of such a worker, is taken away: should
    the worker wake up, it learns so before it publishes.
    """
    silent = select(versions.c.worker).where(
        versions.c.state == ATTEMPT, versions.c.worker != worker
    )
    connection.execute(delete(leases).where(leases.c.until <= now(), leases.c.owner.in_(silent)))
    living = select(leases.c.owner).where(leases.c.until > now())
    result = connection.execute(
        update(versions)
        .where(
            versions.c.state == ATTEMPT,
            versions.c.worker != worker,
            versions.c.worker.not_in(living),
        )
        .values(state=ABANDONED, finished_at=now(), code="interrupted")
    )
    return result.rowcount


def publish(
    connection: Connection,
    document_id: int,
    number: int,
    rows: Sequence[dict[str, Any]],
    facts: Facts,
    fence: int = 0,
) -> int:
    """Step 3: make an attempt the current version; returns from which sequence number on it is.

    ``rows`` are its chunks.

    Raises:
        LeaseLost: the attempt was given up meanwhile, or was begun under another fencing number;
            the caller's transaction must not stand.
    """
    seq = next_seq(connection)
    _retire(connection, [document_id], seq)
    published = connection.execute(
        update(versions)
        .where(versions.c.number == number, versions.c.state == ATTEMPT, versions.c.fence == fence)
        .values(state=CURRENT, born=seq, finished_at=now(), points=len(rows))
    )
    if published.rowcount != 1:
        raise LeaseLost(
            "What was read was given up meanwhile; it is read again.", detail={"version": number}
        )
    if rows:
        connection.execute(insert(chunks), list(rows))
        phrases.add(connection, rows)
    connection.execute(
        update(documents)
        .where(documents.c.id == document_id)
        .values(version=number, chunks=len(rows), indexed_at=now(), **_columns(facts))
    )
    dating.of_members(connection, document_id)
    return seq


def _columns(facts: Facts) -> dict[str, Any]:
    """What is true of a document that was read just now; nothing of it waits any more."""
    given = {field.name: getattr(facts, field.name) for field in fields(facts)}
    code, parameters = as_kept(given.pop("reasons"))
    done = {"held": False, "tries": 0, "due_at": None, "pending": None}
    said = {"code": code, "parameters": parameters}
    return asdict(given.pop("stat")) | given | said | done


def retire_documents(connection: Connection, document_ids: Sequence[int]) -> None:
    """Withdraw what is published of these documents."""
    ids = list(document_ids)
    if ids:
        seq = next_seq(connection)
        for start in range(0, len(ids), 500):
            _retire(connection, ids[start : start + 500], seq)


def _retire(connection: Connection, document_ids: Sequence[int], seq: int) -> None:
    connection.execute(
        update(versions)
        .where(among(versions.c.document_id, document_ids), versions.c.state == CURRENT)
        .values(state=RETIRED, retired=seq, retired_at=now())
    )


def withdraw(connection: Connection, numbers: Sequence[int]) -> None:
    """Retire current versions that no document has for its own."""
    if numbers:
        connection.execute(
            update(versions)
            .where(among(versions.c.number, numbers), versions.c.state == CURRENT)
            .values(state=RETIRED, retired=next_seq(connection), retired_at=now())
        )


def visible(seq: int | ColumnElement[int]) -> Any:
    """The condition that a version is the one to read at a sequence number."""
    return and_(versions.c.born <= seq, or_(versions.c.retired.is_(None), versions.c.retired > seq))


def history(connection: Connection, document_id: int) -> list[Version]:
    """The last attempts for a document, the newest first."""
    query = (
        select(*(versions.c[field.name] for field in fields(Version)))
        .where(versions.c.document_id == document_id)
        .order_by(versions.c.number.desc())
    )
    return [Version(*row) for row in connection.execute(query.limit(50))]


def document_of(connection: Connection, number: int) -> int | None:
    """The document that a version is of; None where neither is there any more."""
    return connection.scalar(select(versions.c.document_id).where(versions.c.number == number))


def finished_at(connection: Connection, number: int) -> float | None:
    """When the reading of a version ended (Unix seconds); None: nothing is known of it any more."""
    return connection.scalar(select(versions.c.finished_at).where(versions.c.number == number))


def is_published(connection: Connection, document_id: int) -> bool:
    """Whether a version of a document is searched."""
    query = select(versions.c.number).where(
        versions.c.document_id == document_id, versions.c.state == CURRENT
    )
    return connection.scalar(query) is not None


def count_settled(connection: Connection) -> int:
    """How many points the index holds, of current and retired versions, when all is at rest."""
    query = select(func.coalesce(func.sum(versions.c.points), 0)).where(
        versions.c.state.in_((CURRENT, RETIRED))
    )
    return int(connection.scalar(query) or 0)


def in_index(connection: Connection) -> dict[int, int]:
    """Every version whose points may stand in the index, by number, with how many they are."""
    query = select(versions.c.number, versions.c.points).where(versions.c.state != SWEPT)
    return dict(connection.execute(query).tuples().all())


def of_documents(connection: Connection, document_ids: Sequence[int]) -> list[int]:
    """The numbers of every version of these documents."""
    query = select(versions.c.number).where(among(versions.c.document_id, document_ids))
    return list(connection.scalars(query))


def count_known(connection: Connection, numbers: Collection[int]) -> int:
    """How many of these versions are still known; those of an erased document are not.

    Within a writing transaction none of them is erased before it ends.
    """
    query = select(versions.c.number).where(among(versions.c.number, numbers))
    return len(list(connection.scalars(query.with_for_update(read=True))))


def attempts_of(connection: Connection, document_ids: Sequence[int]) -> int:
    """How many attempts for these documents living workers are at."""
    living = select(leases.c.owner).where(leases.c.until > now())
    query = select(func.count()).where(
        among(versions.c.document_id, document_ids),
        versions.c.state == ATTEMPT,
        versions.c.worker.in_(living),
    )
    return int(connection.scalar(query) or 0)


def stray(connection: Connection) -> list[int]:
    """The numbers of current versions that no document has for its own."""
    query = (
        select(versions.c.number)
        .outerjoin(documents, documents.c.version == versions.c.number)
        .where(versions.c.state == CURRENT, documents.c.id.is_(None))
    )
    return list(connection.scalars(query))


def count_current_twice(connection: Connection) -> int:
    """How many documents have more than one current version."""
    twice = (
        select(versions.c.document_id)
        .where(versions.c.state == CURRENT)
        .group_by(versions.c.document_id)
        .having(func.count() > 1)
    )
    return connection.scalar(select(func.count()).select_from(twice.subquery())) or 0
