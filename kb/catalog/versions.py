"""Versions: an attempt becomes the current version, the old one retires, a sweeper clears up."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from kb.catalog import phrases
from kb.catalog.arrays import among
from kb.catalog.database import next_seq, now
from kb.catalog.tables import chunks, documents, leases, versions
from kb.errors import LeaseLost
from kb.types.library import Version
from kb.types.versions import Facts

ATTEMPT, CURRENT, RETIRED, ABANDONED, SWEPT = "attempt", "current", "retired", "abandoned", "swept"


def begin(
    connection: Connection, document_id: int, worker: str, content_hash: str, fence: int = 0
) -> int:
    """Step 0: an attempt, with a version number that is never used again.

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
    """Before step 2: how many points each attempt will write, so that they can be swept."""
    for number, points in planned.items():
        connection.execute(
            update(versions).where(versions.c.number == number).values(points=points)
        )


def abandon(
    connection: Connection, number: int, code: str, parameters: dict[str, Any] | None = None
) -> None:
    """An attempt ended without becoming a version."""
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
    """Keep, for the history, a try that gave nothing to publish."""
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
    """Attempts of workers that hold no lease any more ended without a word.

    Where such a worker's lease still stands in its name, it is taken away: should the worker wake
    up, it learns so before it publishes.
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
    """Step 3: the attempt is the current version from the sequence number that is returned.

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
    return seq


def _columns(facts: Facts) -> dict[str, Any]:
    """What is true of a document that was read just now; nothing of it waits any more."""
    given = {field.name: getattr(facts, field.name) for field in fields(facts)}
    done = {"held": False, "tries": 0, "due_at": None, "pending": None}
    return asdict(given.pop("stat")) | given | done


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


def visible(seq: int) -> Any:
    """The condition that a version is the one to read at a sequence number."""
    return and_(versions.c.born <= seq, or_(versions.c.retired.is_(None), versions.c.retired > seq))


def sweepable(connection: Connection, grace_seconds: float, limit: int = 200) -> list[Row[Any]]:
    """Versions whose points nobody can be reading any more."""
    query = (
        select(versions.c.number, versions.c.points)
        .where(
            or_(
                versions.c.state == ABANDONED,
                and_(versions.c.state == RETIRED, versions.c.retired_at < now() - grace_seconds),
            )
        )
        .order_by(versions.c.number)
        .limit(limit)
    )
    return list(connection.execute(query).all())


def swept(connection: Connection, numbers: Sequence[int]) -> None:
    """The points of these versions have left the index: forget their chunks.

    One that is being tried or is current is not touched, whoever asks.
    """
    given_up = versions.c.state.in_((ABANDONED, RETIRED))
    gone = list(
        connection.scalars(
            update(versions)
            .where(among(versions.c.number, numbers), given_up)
            .values(state=SWEPT, points=0)
            .returning(versions.c.number)
        )
    )
    forget_passages(connection, gone)


def forget_passages(connection: Connection, numbers: Sequence[int]) -> None:
    """Delete the passages of versions, with their words."""
    phrases.forget(connection, numbers)
    connection.execute(delete(chunks).where(among(chunks.c.version, numbers)))


def history(connection: Connection, document_id: int) -> list[Version]:
    """Every attempt for a document, the newest first."""
    query = (
        select(*(versions.c[field.name] for field in fields(Version)))
        .where(versions.c.document_id == document_id)
        .order_by(versions.c.number.desc())
    )
    return [Version(*row) for row in connection.execute(query.limit(50))]


def document_of(connection: Connection, number: int) -> int | None:
    """The document that a version is of; None where neither is there any more."""
    return connection.scalar(select(versions.c.document_id).where(versions.c.number == number))


def is_published(connection: Connection, document_id: int) -> bool:
    """Whether a version of a document is searched."""
    query = select(versions.c.number).where(
        versions.c.document_id == document_id, versions.c.state == CURRENT
    )
    return connection.scalar(query) is not None


def current(connection: Connection) -> dict[int, int]:
    """Number of every current version and its count of points."""
    rows = connection.execute(
        select(versions.c.number, versions.c.points).where(versions.c.state == CURRENT)
    )
    return dict(rows.tuples().all())


def count_settled(connection: Connection) -> int:
    """How many points the index should hold when nothing is under way."""
    query = select(func.coalesce(func.sum(versions.c.points), 0)).where(
        versions.c.state.in_((CURRENT, RETIRED))
    )
    return int(connection.scalar(query) or 0)


def in_index(connection: Connection) -> dict[int, tuple[str, int]]:
    """Every version whose points may stand in the index: number to state and count."""
    rows = connection.execute(
        select(versions.c.number, versions.c.state, versions.c.points).where(
            versions.c.state != SWEPT
        )
    )
    return {number: (state, points) for number, state, points in rows.tuples()}
