"""Backups that were made: when, where, how large, how they ended; and what this catalog is."""

import secrets
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from kb.catalog import leases
from kb.catalog.database import insert_ignoring, now
from kb.catalog.tables import backups, counters
from kb.types.backups import Backup

LEASE = "backup"
"""Held while a backup is made: stored values stay meanwhile, whether or not they are used."""
IDENTITY = "identity"
"""Counter that tells this catalog from any other; a restored one gets a new number."""
KEPT_ROWS = 500
"""How far below the newest backup's number one may lie: when another begins, older ones are
forgotten."""
_NEWEST = select(backups).order_by(backups.c.id.desc())


def identity(connection: Connection) -> int:
    """The number that tells this catalog from any other; it is given at the first question."""
    insert_ignoring(connection, counters, [{"name": IDENTITY, "value": _new_identity()}])
    return int(connection.scalar(select(counters.c.value).where(counters.c.name == IDENTITY)) or 0)


def known_identity(connection: Connection) -> int:
    """The catalog's number as :func:`identity` has given it; else 0. Nothing is written."""
    return int(connection.scalar(select(counters.c.value).where(counters.c.name == IDENTITY)) or 0)


def become_another(connection: Connection) -> None:
    """From now on this catalog is another than the one that it was copied from."""
    mine = counters.c.name == IDENTITY
    connection.execute(update(counters).where(mine).values(value=_new_identity()))


def _new_identity() -> int:
    return secrets.randbits(62)


def begin(connection: Connection, folder: str) -> int:
    """A backup begins; its number, 0 where another one is going on.

    One that is not going on and has not ended was broken off.
    """
    if leases.is_held(connection, LEASE):
        return 0
    broken = {"code": "interrupted", "message": "The process that made it has ended."}
    left = backups.c.ended_at.is_(None)
    connection.execute(update(backups).where(left).values(ended_at=now(), error=broken))
    oldest = select(func.max(backups.c.id) - KEPT_ROWS).scalar_subquery()
    connection.execute(delete(backups).where(backups.c.id < oldest))
    new = insert(backups).values(folder=folder, began_at=now()).returning(backups.c.id)
    return int(connection.execute(new).scalar_one())


def take_back(connection: Connection, number: int) -> None:
    """Forget a backup that has not begun after all: somebody else was a moment earlier."""
    connection.execute(delete(backups).where(backups.c.id == number))


def end(connection: Connection, number: int, **values: Any) -> None:
    """How a backup ended; ``values`` by column."""
    mine = backups.c.id == number
    connection.execute(update(backups).where(mine).values(ended_at=now(), **values))


def verified(connection: Connection, folder: str, name: str) -> None:
    """A backup was read again, and is whole."""
    mine = backups.c.folder == folder, backups.c.name == name
    connection.execute(update(backups).where(*mine).values(verified_at=now()))


def newest(connection: Connection) -> Backup | None:
    """The last backup that was begun."""
    return _first(connection, _NEWEST)


def newest_in(connection: Connection, folder: str) -> Backup | None:
    """The last backup that was begun in a folder."""
    return _first(connection, _NEWEST.where(backups.c.folder == folder))


def folders(connection: Connection) -> list[str]:
    """Every folder that a whole backup was made in."""
    query = select(backups.c.folder).where(backups.c.name.is_not(None)).distinct()
    return sorted(connection.scalars(query))


def not_whole(connection: Connection) -> list[Backup]:
    """The last backup of each folder, where it goes on still, or was broken off."""
    every = connection.scalars(select(backups.c.folder).distinct()).all()
    found = [newest_in(connection, folder) for folder in sorted(every)]
    return [one for one in found if one is not None and one.name is None]


def names_in(connection: Connection, folder: str) -> dict[str, float]:
    """The whole backups that were made in a folder, by name: when each was begun (Unix seconds)."""
    query = select(backups.c.name, backups.c.began_at)
    mine = backups.c.folder == folder, backups.c.name.is_not(None)
    return dict(connection.execute(query.where(*mine)).tuples().all())


def last_whole(connection: Connection) -> Backup | None:
    """The last backup that ended well."""
    return _first(connection, _NEWEST.where(backups.c.name.is_not(None), backups.c.error.is_(None)))


def last_verified(connection: Connection) -> float | None:
    """When a backup was last read again and found whole (Unix seconds)."""
    found: float | None = connection.scalar(select(func.max(backups.c.verified_at)))
    return found


def _first(connection: Connection, query: Any) -> Backup | None:
    row = connection.execute(query.limit(1)).one_or_none()
    return Backup(**row._asdict()) if row else None
