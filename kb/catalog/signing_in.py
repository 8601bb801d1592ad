"""Sessions, API tokens, one-time links and failed attempts. Secrets are kept as hashes only."""

import hashlib
import secrets
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from kb.catalog.database import now, row_to_change
from kb.catalog.tables import failures, links, people, sessions, tokens

TOUCH_SECONDS = 60.0


def new_secret() -> str:
    """256 bits as text."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What is kept of a secret that nobody can guess."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


# --- sessions -------------------------------------------------------------------------------------


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


def session(connection: Connection, secret: str, idle_seconds: float) -> Row[Any] | None:
    """A living session of somebody who is not kept out."""
    at = now()
    query = (
        select(sessions, people.c.name)
        .join(people, people.c.id == sessions.c.person_id)
        .where(
            sessions.c.hash == hash_of(secret),
            sessions.c.ends_at > at,
            sessions.c.seen_at > at - idle_seconds,
            people.c.disabled_at.is_(None),
        )
    )
    return connection.execute(query).one_or_none()


def needs_touch(row: Row[Any]) -> bool:
    """Whether the session's last use should be noted."""
    return bool(row.seen_at < now() - TOUCH_SECONDS)


def touch(connection: Connection, row: Row[Any]) -> None:
    """Note that a session, and so a person, was seen."""
    connection.execute(update(sessions).where(sessions.c.hash == row.hash).values(seen_at=now()))
    connection.execute(update(people).where(people.c.id == row.person_id).values(seen_at=now()))


def of_person(connection: Connection, person_id: int) -> list[Row[Any]]:
    """A person's sessions, the last used first."""
    query = select(sessions).where(sessions.c.person_id == person_id)
    return list(connection.execute(query.order_by(sessions.c.seen_at.desc())).all())


def of_everybody(connection: Connection) -> dict[int, list[Row[Any]]]:
    """The sessions of each person who has one, the last used first."""
    found: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(select(sessions).order_by(sessions.c.seen_at.desc())):
        found.setdefault(row.person_id, []).append(row)
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


def end_all(connection: Connection, person_id: int, but: str | None = None) -> None:
    """End every session of a person, except one."""
    query = delete(sessions).where(sessions.c.person_id == person_id)
    if but is not None:
        query = query.where(sessions.c.hash != but)
    connection.execute(query)


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
    """Forget what has ended."""
    at = now()
    connection.execute(delete(sessions).where(sessions.c.ends_at < at))
    connection.execute(delete(links).where(links.c.ends_at < at - 30 * 86400))
    connection.execute(delete(failures).where(failures.c.last_at < at - 86400))


# --- API tokens -----------------------------------------------------------------------------------

PREFIX = "kb_"


def new_token(
    connection: Connection,
    person_id: int,
    name: str,
    scope: str,
    ends_at: float,
    made_by: int | None = None,
) -> str:
    """A new token's secret; it is shown once. It goes with the token that it was ``made_by``."""
    secret = PREFIX + new_secret()
    connection.execute(
        insert(tokens).values(
            hash=hash_of(secret),
            person_id=person_id,
            name=name,
            scope=scope,
            created_at=now(),
            ends_at=ends_at,
            made_by=made_by,
        )
    )
    return secret


def token(connection: Connection, secret: str) -> Row[Any] | None:
    """A living token of somebody who is not kept out."""
    query = (
        select(tokens, people.c.name.label("person"))
        .join(people, people.c.id == tokens.c.person_id)
        .where(
            tokens.c.hash == hash_of(secret),
            tokens.c.ends_at > now(),
            people.c.disabled_at.is_(None),
        )
    )
    return connection.execute(query).one_or_none()


def token_used(connection: Connection, number: int) -> None:
    """Note a token's last use."""
    connection.execute(update(tokens).where(tokens.c.id == number).values(used_at=now()))


def tokens_of(connection: Connection, person_id: int) -> list[Row[Any]]:
    """A person's tokens, without their secrets."""
    query = select(tokens).where(tokens.c.person_id == person_id)
    return list(connection.execute(query.order_by(tokens.c.created_at.desc())).all())


def revoke(connection: Connection, number: int, person_id: int) -> int:
    """Revoke a token of this person."""
    query = delete(tokens).where(tokens.c.id == number, tokens.c.person_id == person_id)
    return connection.execute(query).rowcount


def revoke_all(connection: Connection, person_id: int) -> None:
    """Revoke every token of a person."""
    connection.execute(delete(tokens).where(tokens.c.person_id == person_id))


# --- one-time links -------------------------------------------------------------------------------


def new_link(connection: Connection, purpose: str, person_id: int | None, seconds: float) -> str:
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


def link(connection: Connection, secret: str) -> Row[Any] | None:
    """A link that was not used and has not ended."""
    query = select(links).where(
        links.c.hash == hash_of(secret), links.c.used_at.is_(None), links.c.ends_at > now()
    )
    return connection.execute(query).one_or_none()


def use_link(connection: Connection, secret: str) -> bool:
    """Use a link up; False where somebody else was quicker."""
    done = connection.execute(
        update(links)
        .where(links.c.hash == hash_of(secret), links.c.used_at.is_(None), links.c.ends_at > now())
        .values(used_at=now())
    )
    return done.rowcount == 1


def end_links(connection: Connection, person_id: int) -> None:
    """End the links of a person that were not used."""
    unused = delete(links).where(links.c.person_id == person_id, links.c.used_at.is_(None))
    connection.execute(unused)


# --- failed attempts ------------------------------------------------------------------------------


def failures_of(connection: Connection, key: str) -> tuple[float, float]:
    """How many failures are counted, and when the last was. Within a writing transaction.

    The row is held until its end: attempts at one time are counted one after the other.
    """
    none = {"key": key, "count": 0.0, "last_at": 0.0}
    _, count, last_at = row_to_change(connection, failures, "key", none)
    return float(count), float(last_at)


def count_failures(connection: Connection, key: str, count: float, at: float) -> None:
    """Set a counter."""
    query = update(failures).where(failures.c.key == key)
    connection.execute(query.values(count=count, last_at=at))
