"""Runs over sources: where each stands, and how it ended."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, case, delete, exists, insert, select, update

from kb.catalog.database import now
from kb.catalog.tables import runs, sources
from kb.types.library import RunProgress, Source

KEPT = 50
"""Runs of a source that stay in its history."""
STOPPED = "stopped"
"""The code of a run that somebody stopped."""
SILENT_SECONDS = 120.0
"""A run that has said nothing for so long was killed."""


_IS_TO_STOP = (runs.c.finished_at.is_(None), runs.c.error.is_not(None))


def begin(connection: Connection, source: Source) -> int:
    """A run begins, and answers what was asked for until now; returns its id."""
    moment = now()
    connection.execute(
        update(runs)
        .where(runs.c.source_id == source.id, runs.c.finished_at.is_(None))
        .values(finished_at=runs.c.seen_at, error=_error("interrupted", "The run was interrupted."))
    )
    asked = sources.c.priority  # what is tried again keeps its place
    nobody = sources.c.requested_at.is_(None) & (sources.c.failures == 0)
    connection.execute(
        update(sources)
        .where(sources.c.id == source.id)
        .values(started_at=moment, requested_at=None, priority=case((nobody, 0), else_=asked))
    )
    run_id = connection.scalar(
        insert(runs)
        .values(source_id=source.id, started_at=moment, seen_at=moment)
        .returning(runs.c.id)
    )
    kept = (
        select(runs.c.id)
        .where(runs.c.source_id == source.id)
        .order_by(runs.c.id.desc())
        .limit(KEPT)
    )
    connection.execute(
        delete(runs).where(
            runs.c.source_id == source.id, runs.c.id.not_in(kept.subquery().select())
        )
    )
    return int(run_id or 0)


def _error(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "detail": {}}


def progress(
    connection: Connection, run_id: int, *, done: int, total: int, pages: int, path: str | None
) -> bool:
    """Note where a run stands; returns whether it is to go on."""
    connection.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(seen_at=now(), done=done, total=total, pages=pages, path=path)
    )
    asked = select(runs.c.id).where(runs.c.id == run_id, *_IS_TO_STOP)
    return connection.execute(asked).first() is None


def ask_to_stop(connection: Connection, source_id: int) -> None:
    """Have the run over a source that goes on end soon; what it was asked for is withdrawn.

    A run that has not ended and has an error is to end with it.
    """
    connection.execute(
        update(runs)
        .where(runs.c.source_id == source_id, runs.c.finished_at.is_(None))
        .values(error=_error(STOPPED, "The run was stopped on request."))
    )
    connection.execute(
        update(sources).where(sources.c.id == source_id).values(requested_at=None, priority=0)
    )


def to_stop(connection: Connection) -> set[int]:
    """The sources whose run was asked to stop, and goes on for a moment."""
    return set(connection.scalars(select(runs.c.source_id).where(*_IS_TO_STOP)))


def finish(
    connection: Connection,
    source: Source,
    run_id: int,
    counts: dict[str, Any] | None,
    error: dict[str, Any] | None,
) -> None:
    """How a run ended; the source keeps the last one's counts beside it.

    Where another run has taken over, it is not this one that the source tells of.
    """
    ended: dict[str, Any] = {"finished_at": now(), "counts": counts, "error": error}
    connection.execute(update(runs).where(runs.c.id == run_id).values(**ended, path=None))
    newer = exists().where(runs.c.source_id == source.id, runs.c.id > run_id)
    connection.execute(update(sources).where(sources.c.id == source.id, ~newer).values(**ended))


def running(connection: Connection) -> dict[int, RunProgress]:
    """The run that is going on, by source."""
    moment = now()  # one seen in the future was seen before the clock was put back
    heard = runs.c.seen_at.between(moment - SILENT_SECONDS, moment + SILENT_SECONDS)
    columns = (runs.c[field.name] for field in fields(RunProgress))
    query = select(*columns).where(runs.c.finished_at.is_(None), heard)
    return {row.source_id: RunProgress(*row) for row in connection.execute(query)}


def forget_paths(connection: Connection) -> None:
    """Forget which file runs were at, of which some have ended with their process."""
    connection.execute(update(runs).where(runs.c.path.is_not(None)).values(path=None))
