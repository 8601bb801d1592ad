"""Sessions: who is signed in, from where, until when."""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from kb.catalog.bearer_secrets import hash_of, new_secret
from kb.catalog.database import now
from kb.catalog.tables import people, sessions
from kb.types.accounts import Session

_LIVING = (
    select(sessions)
    .join(people, people.c.id == sessions.c.person_id)
    .where(
        sessions.c.hash == bindparam("hash"),
        sessions.c.ends_at > bindparam("now"),
        sessions.c.seen_at > bindparam("seen"),
        people.c.disabled_at.is_(None),
    )
)


def begin(connection: Connection, person_id: int, seconds: float, **about: Any) -> str:
    """A new session's secret. ``about``: how, address, agent, provider_session, id_token."""
    secret = new_secret()
    at = now()
    connection.execute(
        insert(sessions).values(
            hash=hash_of(secret),
            person_id=person_id,
            begun_at=at,
            seen_at=at,
            ends_at=at + seconds,
            **about,
        )
    )
    return secret


def living(connection: Connection, secret: str, idle_seconds: float) -> Session | None:
    """The session of this secret, if it has not ended, of somebody who is not kept out."""
    at = now()
    given = {"hash": hash_of(secret), "now": at, "seen": at - idle_seconds}
    row = connection.execute(_LIVING, given).one_or_none()
    return _session(row) if row else None


def touch(connection: Connection, session: Session) -> None:
    """Note that a session, and so a person, was seen."""
    at, mine = now(), sessions.c.hash == session.hash
    connection.execute(update(sessions).where(mine).values(seen_at=at))
    connection.execute(update(people).where(people.c.id == session.person_id).values(seen_at=at))


def of_person(connection: Connection, person_id: int) -> list[Session]:
    """A person's sessions, the last used first."""
    query = select(sessions).where(sessions.c.person_id == person_id)
    return [_session(r) for r in connection.execute(query.order_by(sessions.c.seen_at.desc()))]


def of_everybody(connection: Connection) -> dict[int, list[Session]]:
    """The sessions of each person who has one, the last used first."""
    found: dict[int, list[Session]] = {}
    for row in connection.execute(select(sessions).order_by(sessions.c.seen_at.desc())):
        found.setdefault(row.person_id, []).append(_session(row))
    return found


def end(connection: Connection, session_hash: str, person_id: int | None = None) -> int:
    """End a session (of this person)."""
    query = delete(sessions).where(sessions.c.hash == session_hash)
    if person_id is not None:
        query = query.where(sessions.c.person_id == person_id)
    return connection.execute(query).rowcount


def id_token_of(connection: Connection, session_hash: str) -> str | None:
    """The token of identity that a provider gave with a session."""
    return connection.scalar(select(sessions.c.id_token).where(sessions.c.hash == session_hash))


def end_all(connection: Connection, person_id: int) -> None:
    """End every session of a person."""
    connection.execute(delete(sessions).where(sessions.c.person_id == person_id))


def end_of_provider(connection: Connection, provider_session: str) -> int:
    """End what a provider says has ended (back-channel logout)."""
    query = delete(sessions).where(sessions.c.provider_session == provider_session)
    return connection.execute(query).rowcount


def view_as(connection: Connection, session_hash: str, name: str | None) -> None:
    """Look through somebody's eyes, or through one's own again."""
    connection.execute(
        update(sessions).where(sessions.c.hash == session_hash).values(viewing_as=name)
    )


def clear_up(connection: Connection) -> None:
    """Forget sessions that have ended."""
    connection.execute(delete(sessions).where(sessions.c.ends_at < now()))


def _session(row: Row[Any]) -> Session:
    return Session(
        hash=row.hash,
        person_id=row.person_id,
        how=row.how,
        address=row.address,
        agent=row.agent,
        begun_at=row.begun_at,
        seen_at=row.seen_at,
        ends_at=row.ends_at,
        viewing_as=row.viewing_as,
    )
