"""People, groups and memberships."""

from sqlalchemy import Connection, insert, select

from kb.catalog.tables import groups, memberships, people
from kb.errors import ConflictError, NotFoundError, UsageError


def add_group(connection: Connection, name: str) -> None:
    """Add a group.

    Raises:
        ConflictError: the name is taken.
        UsageError: the name cannot be used.
    """
    _check_name(name)
    if name == "everyone":
        raise UsageError("The name everyone is reserved: it means every reader.")
    if _group_id(connection, name) is not None:
        raise ConflictError(f"There is a group called {name} already.", detail={"group": name})
    connection.execute(insert(groups).values(name=name))


def add_person(connection: Connection, name: str, member_of: tuple[str, ...]) -> None:
    """Add a person with their groups.

    Raises:
        ConflictError: the name is taken.
        NotFoundError: a group does not exist.
    """
    _check_name(name)
    if connection.scalar(select(people.c.id).where(people.c.name == name)) is not None:
        raise ConflictError(f"There is a person called {name} already.", detail={"user": name})
    known = {group: _require_group(connection, group) for group in member_of}
    person = connection.scalar(insert(people).values(name=name).returning(people.c.id))
    if known:
        rows = [{"person_id": person, "group_id": g} for g in known.values()]
        connection.execute(insert(memberships), rows)


def groups_of(connection: Connection, person: str) -> list[str]:
    """The groups of a person.

    Raises:
        NotFoundError: there is no such person.
    """
    person_id = connection.scalar(select(people.c.id).where(people.c.name == person))
    if person_id is None:
        raise NotFoundError(f"There is no person called {person}.", detail={"user": person})
    query = (
        select(groups.c.name)
        .join(memberships, memberships.c.group_id == groups.c.id)
        .where(memberships.c.person_id == person_id)
        .order_by(groups.c.name)
    )
    return list(connection.scalars(query))


def require_groups(connection: Connection, names: tuple[str, ...]) -> None:
    """Check that each group exists.

    Raises:
        NotFoundError: one does not.
    """
    for name in names:
        _require_group(connection, name)


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > 100 or any(c in name for c in ",:\n\r\t\0"):
        raise UsageError(
            "A name has 1 to 100 characters, without comma, colon, tab or line break.",
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
