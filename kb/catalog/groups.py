"""Groups and who is in them."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, insert, select, update

from kb.catalog.arrays import among
from kb.catalog.database import now
from kb.catalog.tables import groups, memberships, people
from kb.errors import ConflictError, NotFoundError, UsageError

LOCAL = "local"
RESERVED = {"everyone", "owner", "system"}


def add(connection: Connection, name: str) -> None:
    """Add a group.

    Raises:
        ConflictError: the name is taken.
        UsageError: the name cannot be used.
    """
    check_name(name)
    if _group_id(connection, name) is not None:
        raise ConflictError(f"There is a group called {name} already.", detail={"group": name})
    connection.execute(insert(groups).values(name=name))


def remove(connection: Connection, name: str) -> None:
    """Remove a group; nobody is in it any more, and what only it might read nobody may.

    Raises:
        NotFoundError: there is none of that name.
    """
    number = _require_group(connection, name)
    connection.execute(delete(memberships).where(memberships.c.group_id == number))
    connection.execute(delete(groups).where(groups.c.id == number))


def all_of(connection: Connection) -> list[tuple[str, int]]:
    """Every group with how many people are in it."""
    query = (
        select(groups.c.name, func.count(memberships.c.person_id))
        .join(memberships, memberships.c.group_id == groups.c.id, isouter=True)
        .group_by(groups.c.name)
        .order_by(groups.c.name)
    )
    return [(name, int(count)) for name, count in connection.execute(query).tuples()]


def of_person(connection: Connection, person_id: int) -> list[str]:
    """The groups of a person."""
    query = (
        select(groups.c.name)
        .join(memberships, memberships.c.group_id == groups.c.id)
        .where(memberships.c.person_id == person_id)
        .order_by(groups.c.name)
    )
    return list(connection.scalars(query))


def set_of(
    connection: Connection, person_id: int, names: Iterable[str], *, origin: str = LOCAL
) -> None:
    """Replace the memberships of a person that come from ``origin``.

    Groups that a directory names and that are not here yet are made: who is in them is known then.
    """
    wanted = set(names)
    if origin != LOCAL:
        there = set(connection.scalars(select(groups.c.name).where(among(groups.c.name, wanted))))
        for name in sorted(wanted - there):
            add(connection, name)
    connection.execute(
        delete(memberships).where(
            memberships.c.person_id == person_id, memberships.c.origin == origin
        )
    )
    kept = select(memberships.c.group_id).where(memberships.c.person_id == person_id)
    query = select(groups.c.id).where(among(groups.c.name, wanted), groups.c.id.not_in(kept))
    rows = [
        {"person_id": person_id, "group_id": g, "origin": origin}
        for g in connection.scalars(query).all()
    ]
    if rows:
        connection.execute(insert(memberships), rows)
    connection.execute(update(people).where(people.c.id == person_id).values(groups_at=now()))


def require(connection: Connection, names: tuple[str, ...]) -> None:
    """Check that each group exists.

    Raises:
        NotFoundError: one does not.
    """
    for name in names:
        _require_group(connection, name)


def check_name(name: str) -> None:
    """A name that can stand in lists and addresses.

    Raises:
        UsageError: it cannot.
    """
    if name in RESERVED:
        raise UsageError(f"The name {name} is reserved.", detail={"name": name})
    if not name.strip() or len(name) > 100 or any(c in name for c in ",:/\\\n\r\t\0"):
        raise UsageError(
            "A name has 1 to 100 characters, without comma, colon, slash, tab or line break.",
            detail={"name": name[:100]},
        )


def _group_id(connection: Connection, name: str) -> int | None:
    return connection.scalar(select(groups.c.id).where(groups.c.name == name))


def _require_group(connection: Connection, name: str) -> int:
    found = _group_id(connection, name)
    if found is None:
        raise NotFoundError(
            f"There is no group called {name}. Add it with: kb group add {name}",
            detail={"group": name},
        )
    return found
