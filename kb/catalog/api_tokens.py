"""API tokens: by which programs come in as somebody."""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from kb.catalog.bearer_secrets import hash_of, new_secret
from kb.catalog.database import now
from kb.catalog.tables import people, tokens
from kb.types.accounts import ApiToken

PREFIX = "kb_"
_LIVING = (
    select(tokens)
    .join(people, people.c.id == tokens.c.person_id)
    .where(
        tokens.c.hash == bindparam("hash"),
        tokens.c.ends_at > bindparam("now"),
        people.c.disabled_at.is_(None),
    )
)


def add(
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


def living(connection: Connection, secret: str) -> ApiToken | None:
    """The token of this secret, if it has not ended, of somebody who is not kept out."""
    row = connection.execute(_LIVING, {"hash": hash_of(secret), "now": now()}).one_or_none()
    return _token(row) if row else None


def touch(connection: Connection, number: int) -> None:
    """Note a token's last use."""
    connection.execute(update(tokens).where(tokens.c.id == number).values(used_at=now()))


def of_person(connection: Connection, person_id: int) -> list[ApiToken]:
    """A person's tokens, the newest first."""
    query = select(tokens).where(tokens.c.person_id == person_id)
    return [_token(r) for r in connection.execute(query.order_by(tokens.c.created_at.desc()))]


def revoke(connection: Connection, number: int, person_id: int) -> int:
    """Revoke a token of this person."""
    query = delete(tokens).where(tokens.c.id == number, tokens.c.person_id == person_id)
    return connection.execute(query).rowcount


def revoke_all(connection: Connection, person_id: int) -> None:
    """Revoke every token of a person."""
    connection.execute(delete(tokens).where(tokens.c.person_id == person_id))


def _token(row: Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        person_id=row.person_id,
        name=row.name,
        scope=row.scope,
        created_at=row.created_at,
        ends_at=row.ends_at,
        used_at=row.used_at,
    )
