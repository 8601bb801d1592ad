"""Browsers from which somebody has signed in. A device lets nobody in; it is only known.

The secret is in a cookie and its hash is kept, for each person who signed in with it.
"""

from sqlalchemy import Connection, delete, select, update

from kb.catalog.bearer_secrets import hash_of, new_secret
from kb.catalog.database import insert_ignoring, now
from kb.catalog.tables import devices

KEPT_SECONDS = 365 * 86400.0
"""A device from which nobody has signed in for so long is a stranger again."""
MOST = 50
"""Of each person; the ones used longest ago go."""


def knows(connection: Connection, device: str, person_id: int) -> bool:
    """Whether this person has signed in with this device."""
    query = select(devices.c.hash).where(
        devices.c.hash == hash_of(device),
        devices.c.person_id == person_id,
        devices.c.seen_at > now() - KEPT_SECONDS,
    )
    return bool(device) and connection.scalar(query) is not None


def people_of(connection: Connection, device: str) -> list[int]:
    """Who (ids) has signed in with a device."""
    if not device:
        return []
    query = select(devices.c.person_id).where(devices.c.hash == hash_of(device))
    return list(connection.scalars(query))


def remember(connection: Connection, device: str, person_id: int) -> str:
    """Note that somebody signed in with a device; returns its secret, new for a new device."""
    secret = device if people_of(connection, device) else new_secret()
    row = {"hash": hash_of(secret), "person_id": person_id, "seen_at": now()}
    insert_ignoring(connection, devices, [row])
    connection.execute(
        update(devices)
        .where(devices.c.hash == row["hash"], devices.c.person_id == person_id)
        .values(seen_at=row["seen_at"])
    )
    mine = select(devices.c.seen_at).where(devices.c.person_id == person_id)
    oldest = connection.scalar(mine.order_by(devices.c.seen_at.desc()).offset(MOST - 1).limit(1))
    too_old = max(now() - KEPT_SECONDS, oldest or 0.0)
    connection.execute(
        delete(devices).where(devices.c.person_id == person_id, devices.c.seen_at < too_old)
    )
    return secret
