"""Generations of the index: one is live, another may be in the making."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from kb.catalog.database import now
from kb.catalog.tables import generations

BUILDING, LIVE, DROPPED = "building", "live", "dropped"


def live(connection: Connection) -> Row[Any] | None:
    """The generation that is searched."""
    return connection.execute(
        select(generations).where(generations.c.state == LIVE).order_by(generations.c.id.desc())
    ).first()


def building(connection: Connection, fingerprint: str) -> Row[Any] | None:
    """A generation of these settings that was begun and not finished."""
    return connection.execute(
        select(generations)
        .where(generations.c.state == BUILDING, generations.c.fingerprint == fingerprint)
        .order_by(generations.c.id.desc())
    ).first()


def begin(
    connection: Connection, fingerprint: str, description: dict[str, Any], state: str = BUILDING
) -> int:
    """Begin a generation; returns its id."""
    new_id = connection.execute(
        insert(generations)
        .values(
            fingerprint=fingerprint,
            description=description,
            state=state,
            created_at=now(),
            switched_at=now() if state == LIVE else None,
        )
        .returning(generations.c.id)
    ).scalar_one()
    return int(new_id)


def switch(connection: Connection, new_id: int) -> list[int]:
    """Make a generation the live one; returns those that were until now."""
    old = list(connection.scalars(select(generations.c.id).where(generations.c.state == LIVE)))
    connection.execute(update(generations).where(generations.c.state == LIVE).values(state=DROPPED))
    connection.execute(
        update(generations).where(generations.c.id == new_id).values(state=LIVE, switched_at=now())
    )
    return old
