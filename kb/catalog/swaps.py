"""Swaps of embedding models: asked for, done, paused, and how they came out."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, insert, select, update

from kb.catalog.database import now
from kb.catalog.tables import swaps
from kb.types.swaps import ASKED, GIVEN_UP, OPEN, Swap

_ALL = select(*(swaps.c[field.name] for field in fields(Swap))).order_by(swaps.c.id.desc())


def add(
    connection: Connection,
    wanted: tuple[str, ...],
    used: tuple[str, ...],
    asked_by: str,
    *,
    force: bool,
    by_worker: bool,
) -> int:
    """Ask for a swap; one that was open is given up. Returns its number."""
    moment = now()
    is_open = swaps.c.state.in_(OPEN)
    connection.execute(update(swaps).where(is_open).values(state=GIVEN_UP, ended_at=moment))
    values: dict[str, Any] = {"wanted": list(wanted), "used": list(used), "state": ASKED}
    values |= {"force": force, "by_worker": by_worker, "asked_by": asked_by, "asked_at": moment}
    number = connection.execute(insert(swaps).values(values).returning(swaps.c.id)).scalar_one()
    return int(number)


def change(connection: Connection, number: int, **values: Any) -> None:
    """Note how a swap stands; ``values`` by column."""
    connection.execute(update(swaps).where(swaps.c.id == number).values(values))


def end(connection: Connection, number: int, state: str, **values: Any) -> None:
    """Note how a swap ended, or why it stopped."""
    change(connection, number, state=state, seen_at=now(), ended_at=now(), **values)


def give_up(connection: Connection, generation: int) -> None:
    """The open swap to a generation that is not kept any more ends with it."""
    gone = swaps.c.state.in_(OPEN), swaps.c.generation == generation
    connection.execute(update(swaps).where(*gone).values(state=GIVEN_UP, ended_at=now()))


def get(connection: Connection, number: int) -> Swap | None:
    """A swap by its number."""
    return _first(connection, _ALL.where(swaps.c.id == number))


def open_one(connection: Connection) -> Swap | None:
    """The swap that may go on."""
    return _first(connection, _ALL.where(swaps.c.state.in_(OPEN)))


def newest(connection: Connection, limit: int) -> list[Swap]:
    """The last swaps, the newest first."""
    return [_swap(row) for row in connection.execute(_ALL.limit(limit))]


def _first(connection: Connection, query: Any) -> Swap | None:
    row = connection.execute(query.limit(1)).first()
    return None if row is None else _swap(row)


def _swap(row: Any) -> Swap:
    values = row._asdict()
    return Swap(**values | {"wanted": tuple(row.wanted), "used": tuple(row.used)})
