"""One-time links, by which somebody sets a password."""

from sqlalchemy import Connection, delete, insert, select, update

from kb.catalog.bearer_secrets import hash_of, new_secret
from kb.catalog.database import now
from kb.catalog.tables import links
from kb.types.accounts import Link

KEPT_SECONDS = 30 * 86400.0
"""So long after its end a link is forgotten."""


def add(connection: Connection, purpose: str, person_id: int | None, seconds: float) -> str:
    """A new link's secret; earlier ones for the same end with it."""
    earlier = delete(links).where(links.c.purpose == purpose, links.c.used_at.is_(None))
    is_theirs = links.c.person_id.is_(None) if person_id is None else links.c.person_id == person_id
    connection.execute(earlier.where(is_theirs))
    secret = new_secret()
    connection.execute(
        insert(links).values(
            hash=hash_of(secret), purpose=purpose, person_id=person_id, ends_at=now() + seconds
        )
    )
    return secret


def living(connection: Connection, secret: str) -> Link | None:
    """The link of this secret, if it was not used and has not ended."""
    query = select(links.c.purpose, links.c.person_id).where(
        links.c.hash == hash_of(secret), links.c.used_at.is_(None), links.c.ends_at > now()
    )
    row = connection.execute(query).one_or_none()
    return Link(row.purpose, row.person_id) if row else None


def use(connection: Connection, secret: str) -> bool:
    """Use a link up; False where somebody else was quicker."""
    done = connection.execute(
        update(links)
        .where(links.c.hash == hash_of(secret), links.c.used_at.is_(None), links.c.ends_at > now())
        .values(used_at=now())
    )
    return done.rowcount == 1


def end_all(connection: Connection, person_id: int) -> None:
    """End the links of a person that were not used."""
    unused = delete(links).where(links.c.person_id == person_id, links.c.used_at.is_(None))
    connection.execute(unused)


def clear_up(connection: Connection) -> None:
    """Forget links that ended long ago."""
    connection.execute(delete(links).where(links.c.ends_at < now() - KEPT_SECONDS))
