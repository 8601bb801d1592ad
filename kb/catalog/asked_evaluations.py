"""Evaluations that were asked for: which is to be run, how far it is, how it ended."""

from typing import Any

from sqlalchemy import Connection, insert, select, update

from kb.catalog.database import now
from kb.catalog.tables import asked_evaluations as asked
from kb.types.evaluations import (
    ASKED,
    FAILED,
    OPEN,
    RUNNING,
    STOPPED,
    STOPPING,
    AskedEvaluation,
)
from kb.types.people import Principal

SILENT_SECONDS = 180.0
"""After which a run that has not been heard of is taken for dead."""
BROKEN_OFF = {"code": "interrupted", "message": "The process that ran it has ended."}


def ask(
    connection: Connection, by: Principal, what: str, *, answers: bool, drawn: int | None
) -> int:
    """Ask for an evaluation; its number."""
    values = {"what": what, "answers": answers, "drawn": drawn, "state": ASKED}
    values |= {"asked_by": by.name, "asked_at": now()}
    return int(
        connection.execute(insert(asked).values(**values).returning(asked.c.id)).scalar_one()
    )


def newest(connection: Connection) -> AskedEvaluation | None:
    """The last one that was asked for."""
    row = connection.execute(select(asked).order_by(asked.c.id.desc()).limit(1)).one_or_none()
    return AskedEvaluation(**row._asdict()) if row else None


def one(connection: Connection, number: int) -> AskedEvaluation | None:
    """An evaluation that was asked for, by its number."""
    row = connection.execute(select(asked).where(asked.c.id == number)).one_or_none()
    return AskedEvaluation(**row._asdict()) if row else None


def claim(connection: Connection) -> AskedEvaluation | None:
    """The one that is to be run, for whoever asks first; what is silent has failed."""
    silent = asked.c.state.in_((RUNNING, STOPPING)) & (asked.c.seen_at < now() - SILENT_SECONDS)
    connection.execute(
        update(asked).where(silent).values(state=FAILED, error=BROKEN_OFF, ended_at=now())
    )
    number = connection.scalar(
        select(asked.c.id).where(asked.c.state == ASKED).order_by(asked.c.id).limit(1)
    )
    if number is None:
        return None
    taken = connection.execute(
        update(asked)
        .where(asked.c.id == number, asked.c.state == ASKED)
        .values(state=RUNNING, seen_at=now())
    )
    return one(connection, number) if taken.rowcount else None


def progress(connection: Connection, number: int, done: int, total: int) -> bool:
    """Say how far it is, and that it is alive; whether it is to go on."""
    mine = asked.c.id == number
    connection.execute(update(asked).where(mine).values(seen_at=now(), done=done, total=total))
    return connection.scalar(select(asked.c.state).where(mine)) == RUNNING


def end(connection: Connection, number: int, state: str, error: dict[str, Any] | None) -> None:
    """Note how an evaluation ended; how it ended first counts."""
    connection.execute(
        update(asked)
        .where(asked.c.id == number, asked.c.state.in_(OPEN))
        .values(state=state, error=error, ended_at=now())
    )


def stop(connection: Connection, number: int) -> None:
    """Have an evaluation end that is not wanted any more: at once where nobody runs it yet."""
    is_it = asked.c.id == number
    ended = {"state": STOPPED, "ended_at": now()}
    connection.execute(update(asked).where(is_it, asked.c.state == ASKED).values(**ended))
    running = asked.c.state == RUNNING
    connection.execute(update(asked).where(is_it, running).values(state=STOPPING))
