"""People, and who answers for which source."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, or_, select, update

from kb.catalog import groups
from kb.catalog.arrays import among
from kb.catalog.database import now
from kb.catalog.tables import (
    answers,
    conversations,
    curators,
    judged_questions,
    opened,
    people,
    saved_searches,
    sessions,
    sources,
)
from kb.errors import ConflictError, NotFoundError
from kb.text import naming
from kb.types.accounts import Secrets
from kb.types.people import LOCAL, Person

PERSON = "person:"
_BY_NAME = select(people).where(people.c.name == bindparam("name"))
_BY_ID = select(people).where(people.c.id == bindparam("id"))
_CURATED = select(curators.c.source_id).where(curators.c.person_id == bindparam("person"))


def add_person(
    connection: Connection,
    name: str,
    member_of: tuple[str, ...] = (),
    *,
    shown_name: str = "",
    administrator: bool = False,
    origin: str = LOCAL,
    subject: str | None = None,
) -> Person:
    """Add a person with their groups.

    Raises:
        ConflictError: the name is taken, or looks like one that is.
        NotFoundError: a group does not exist.
        UsageError: the name cannot be used.
    """
    naming.check(name)
    _refuse_alike(connection.scalars(select(people.c.name)).all(), name)
    groups.require(connection, member_of)
    connection.execute(
        insert(people).values(
            name=name,
            token=groups.new_token(PERSON),
            shown_name=shown_name.strip()[:200] or None,
            administrator=administrator,
            origin=origin,
            subject=subject,
            created_at=now(),
        )
    )
    found = by_name(connection, name)
    groups.set_of(connection, found.id, member_of)
    return found


def by_name(connection: Connection, name: str) -> Person:
    """A person.

    Raises:
        NotFoundError: there is none of that name.
    """
    person = find(connection, name)
    if person is None:
        raise NotFoundError("There is no person called {user}.", detail={"user": name[:100]})
    return person


def find(connection: Connection, name: str) -> Person | None:
    """A person by their name; None where there is none of that name."""
    row = connection.execute(_BY_NAME, {"name": name}).one_or_none()
    return _person(row) if row else None


def by_id(connection: Connection, number: int) -> Person | None:
    """A person by their number."""
    row = connection.execute(_BY_ID, {"id": number}).one_or_none()
    return _person(row) if row else None


def by_subject(connection: Connection, subject: str) -> Person | None:
    """Whom a provider or a directory knows by this identifier."""
    row = connection.execute(select(people).where(people.c.subject == subject)).one_or_none()
    return _person(row) if row else None


def all_of(connection: Connection) -> list[Person]:
    """Every person, by name."""
    return [_person(r) for r in connection.execute(select(people).order_by(people.c.name))]


def secrets(connection: Connection, number: int) -> Secrets:
    """Password hash and second factor of a person: for signing in only."""
    query = select(people.c.password, people.c.totp, people.c.totp_step)
    return Secrets(*connection.execute(query.where(people.c.id == number)).tuples().one())


def change(connection: Connection, number: int, **values: Any) -> None:
    """Change columns of a person."""
    connection.execute(update(people).where(people.c.id == number).values(**values))


def _refuse_alike(taken: Sequence[str], name: str) -> None:
    if found := naming.like(taken, name):
        raise ConflictError("There is a person called {user} already.", detail={"user": found})


def rename(connection: Connection, old: str, new: str) -> Person:
    """Give a person another name. They stay who they are: rules, sessions and what they keep.

    Raises:
        ConflictError: the name is taken, or looks like one that is.
        NotFoundError: there is no such person.
        UsageError: the name cannot be used.
    """
    person = by_name(connection, old)
    naming.check(new)
    names = connection.scalars(select(people.c.name)).all()
    _refuse_alike([n for n in names if n != old], new)
    change(connection, person.id, name=new)
    for table in (answers, conversations, judged_questions, opened, saved_searches):
        connection.execute(update(table).where(table.c.asker == old).values(asker=new))
    looking = update(sessions).where(sessions.c.viewing_as == old)
    connection.execute(looking.values(viewing_as=new))
    return by_name(connection, new)


def names_by_token(connection: Connection, wanted: Iterable[str]) -> dict[str, str]:
    """The names of people by their tokens."""
    query = select(people.c.token, people.c.name).where(among(people.c.token, wanted))
    return dict(connection.execute(query).tuples().all())


def use_step(connection: Connection, number: int, step: int) -> bool:
    """Use up an app's code; False where it, or a later one, was used: somebody else was quicker."""
    unused = or_(people.c.totp_step.is_(None), people.c.totp_step < step)
    query = update(people).where(people.c.id == number, unused)
    return connection.execute(query.values(totp_step=step)).rowcount == 1


def remove(connection: Connection, number: int) -> None:
    """Remove a person with their sessions, tokens and links."""
    name = select(people.c.name).where(people.c.id == number).scalar_subquery()
    looking = update(sessions).where(sessions.c.viewing_as == name)
    connection.execute(looking.values(viewing_as=None))
    connection.execute(delete(people).where(people.c.id == number))


def can_sign_in(connection: Connection) -> bool:
    """Whether anybody has an account: a password, or a place in a directory."""
    has_account = or_(people.c.password.is_not(None), people.c.subject.is_not(None))
    return connection.scalar(select(people.c.id).where(has_account).limit(1)) is not None


def administrators(connection: Connection) -> int:
    """How many people can sign in and administrate."""
    query = select(func.count()).where(
        people.c.administrator,
        people.c.disabled_at.is_(None),
        or_(people.c.password.is_not(None), people.c.subject.is_not(None)),
    )
    return int(connection.scalar(query) or 0)


def curated_by(connection: Connection, person_id: int) -> frozenset[int]:
    """The sources (ids) that a person answers for."""
    return frozenset(connection.scalars(_CURATED, {"person": person_id}))


def curators_of(connection: Connection) -> dict[int, list[str]]:
    """Who answers for each source."""
    found: dict[int, list[str]] = {}
    query = (
        select(curators.c.source_id, people.c.name)
        .join(people, people.c.id == curators.c.person_id)
        .order_by(people.c.name)
    )
    for source_id, name in connection.execute(query).tuples():
        found.setdefault(source_id, []).append(name)
    return found


def set_curators(connection: Connection, source_id: int, names: Iterable[str]) -> None:
    """Replace who answers for a source.

    Raises:
        NotFoundError: there is no such person.
    """
    ids = {by_name(connection, name).id for name in names}
    connection.execute(delete(curators).where(curators.c.source_id == source_id))
    if ids:
        rows = [{"source_id": source_id, "person_id": p} for p in sorted(ids)]
        connection.execute(insert(curators), rows)


def sources_curated(connection: Connection, person_id: int) -> list[str]:
    """The names of the sources that a person answers for."""
    query = (
        select(sources.c.name)
        .join(curators, curators.c.source_id == sources.c.id)
        .where(curators.c.person_id == person_id)
        .order_by(sources.c.name)
    )
    return list(connection.scalars(query))


def curated_by_all(connection: Connection) -> dict[int, list[str]]:
    """The names of the sources that each person answers for, of those who do."""
    query = (
        select(curators.c.person_id, sources.c.name)
        .join(sources, sources.c.id == curators.c.source_id)
        .order_by(sources.c.name)
    )
    found: dict[int, list[str]] = {}
    for person_id, name in connection.execute(query).tuples():
        found.setdefault(person_id, []).append(name)
    return found


def _person(row: Row[Any]) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        token=row.token,
        shown_name=row.shown_name or row.name,
        administrator=bool(row.administrator),
        origin=row.origin,
        subject=row.subject,
        has_password=row.password is not None,
        has_second_factor=row.totp is not None,
        password_at=row.password_at,
        disabled_at=row.disabled_at,
        created_at=row.created_at,
        seen_at=row.seen_at,
        groups_at=row.groups_at,
        groups_whole=bool(row.groups_whole),
        vouched_at=row.vouched_at,
    )
