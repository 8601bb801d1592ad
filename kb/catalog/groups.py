"""Groups and who is in them.

A group is its token, which rules refer to and which is never given out again. Its name is what
people see.
"""

import secrets
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from kb.catalog.database import now
from kb.catalog.tables import groups, memberships, people
from kb.errors import ConflictError, NotFoundError
from kb.text import naming
from kb.types.people import LOCAL, Group, Membership

GROUP = "group:"
_NAMES = select(groups.c.token, groups.c.name)
_OF_PERSON = (
    select(groups.c.token, groups.c.name, memberships.c.origin)
    .join(memberships, memberships.c.group_id == groups.c.id)
    .where(memberships.c.person_id == bindparam("person"))
)


def new_token(prefix: str) -> str:
    """A reader token that nobody ever had."""
    return f"{prefix}{secrets.token_hex(8)}"


def add(connection: Connection, name: str) -> None:
    """Add a group.

    Raises:
        ConflictError: the name is taken, or looks like one that is.
        UsageError: the name cannot be used.
    """
    naming.check(name)
    _refuse_alike(connection.scalars(select(groups.c.name)).all(), name)
    connection.execute(insert(groups).values(name=name, token=new_token(GROUP)))


def rename(connection: Connection, old: str, new: str) -> None:
    """Give a group another name. Rules go on to mean it; a directory's groups are told by name.

    Raises:
        ConflictError: the name is taken, or looks like one that is; or a directory tells groups
            here, which would make the old name anew, without what rules say of it.
        NotFoundError: there is no such group.
        UsageError: the name cannot be used.
    """
    number = _require_group(connection, old)
    told = select(func.count()).select_from(memberships).where(memberships.c.origin != LOCAL)
    if connection.scalar(told):
        raise ConflictError(
            "A directory tells who is in which group, by names. Rename {group} there, and change "
            "the rules here.",
            code="groups_told_elsewhere",
            detail={"group": old},
        )
    naming.check(new)
    names = connection.scalars(select(groups.c.name)).all()
    _refuse_alike([n for n in names if n != old], new)
    connection.execute(update(groups).where(groups.c.id == number).values(name=new))


def _refuse_alike(taken: Sequence[str], name: str) -> None:
    if found := naming.like(taken, name):
        raise ConflictError("There is a group called {group} already.", detail={"group": found})


def tokens(connection: Connection) -> dict[str, str]:
    """The name of every group by its token."""
    return dict(connection.execute(_NAMES).tuples().all())


def token_of(connection: Connection, name: str) -> str:
    """The token of a group.

    Raises:
        NotFoundError: there is none of that name.
    """
    number = _require_group(connection, name)
    return str(connection.scalar(select(groups.c.token).where(groups.c.id == number)))


def memberships_of(connection: Connection, person_id: int) -> list[Membership]:
    """The groups of a person."""
    return [Membership(*row) for row in connection.execute(_OF_PERSON, {"person": person_id})]


def remove(connection: Connection, name: str) -> None:
    """Remove a group; nobody is in it any more, and what only it might read nobody may.

    Whom a directory had put in it is in a group that is not here: until it is asked again, their
    groups are not wholly known.

    Raises:
        NotFoundError: there is none of that name.
    """
    number = _require_group(connection, name)
    put_there = select(memberships.c.person_id).where(
        memberships.c.group_id == number, memberships.c.origin != LOCAL
    )
    connection.execute(update(people).where(people.c.id.in_(put_there)).values(groups_whole=False))
    connection.execute(delete(memberships).where(memberships.c.group_id == number))
    connection.execute(delete(groups).where(groups.c.id == number))


def all_of(connection: Connection) -> list[Group]:
    """Every group, by name."""
    query = (
        select(groups.c.name, func.count(memberships.c.person_id))
        .join(memberships, memberships.c.group_id == groups.c.id, isouter=True)
        .group_by(groups.c.name)
        .order_by(groups.c.name)
    )
    return [Group(name, int(count)) for name, count in connection.execute(query).tuples()]


def of_person(connection: Connection, person_id: int) -> list[str]:
    """The groups of a person."""
    query = (
        select(groups.c.name)
        .join(memberships, memberships.c.group_id == groups.c.id)
        .where(memberships.c.person_id == person_id)
        .order_by(groups.c.name)
    )
    return list(connection.scalars(query))


def of_everybody(connection: Connection) -> dict[int, list[str]]:
    """The groups of each person who is in one."""
    query = (
        select(memberships.c.person_id, groups.c.name)
        .join(groups, groups.c.id == memberships.c.group_id)
        .order_by(groups.c.name)
    )
    found: dict[int, list[str]] = {}
    for person_id, name in connection.execute(query).tuples():
        found.setdefault(person_id, []).append(name)
    return found


def set_of(
    connection: Connection, person_id: int, names: Iterable[str], *, origin: str = LOCAL
) -> bool:
    """Replace the memberships of a person that come from ``origin``.

    Groups that a directory names and that are not here yet are made: who is in them is known then.
    Returns whether every name is a group here now. A directory's name that cannot be a group's, or
    that could be mistaken for another group's, is left out.
    """
    wanted, whole = set(names), True
    if origin != LOCAL:
        wanted, whole = _made(connection, wanted)
    connection.execute(
        delete(memberships).where(
            memberships.c.person_id == person_id, memberships.c.origin == origin
        )
    )
    kept = set(
        connection.scalars(
            select(memberships.c.group_id).where(memberships.c.person_id == person_id)
        )
    )
    ids = dict(connection.execute(select(groups.c.name, groups.c.id)).tuples().all())
    rows = [
        {"person_id": person_id, "group_id": ids[name], "origin": origin}
        for name in sorted(wanted & set(ids))
        if ids[name] not in kept
    ]
    if rows:
        connection.execute(insert(memberships), rows)
    connection.execute(update(people).where(people.c.id == person_id).values(groups_at=now()))
    return whole


def are_set(
    connection: Connection, person_id: int, names: Iterable[str], *, origin: str
) -> bool | None:
    """What :func:`set_of` would return for a directory's groups; None where it would change any."""
    found, new, whole = _sorted_out(connection, set(names))
    mine = memberships_of(connection, person_id)
    told = {m.name for m in mine if m.origin == origin}
    others = {m.name for m in mine if m.origin != origin}
    return None if new or told != found - others else whole


def _made(connection: Connection, wanted: set[str]) -> tuple[set[str], bool]:
    """A directory's groups that are here, made where needed; and whether that is all of them."""
    found, new, whole = _sorted_out(connection, wanted)
    for name in new:
        connection.execute(insert(groups).values(name=name, token=new_token(GROUP)))
    return found | set(new), whole


def _sorted_out(connection: Connection, wanted: set[str]) -> tuple[set[str], list[str], bool]:
    """Of a directory's groups those here, those to be made, and whether that is all of them."""
    there = connection.scalars(select(groups.c.name)).all()
    looks = {key for name in there for key in (naming.fold(name), naming.skeleton(name))}
    found, new, whole = wanted & set(there), list[str](), True
    for name in sorted(wanted - found):
        if {naming.fold(name), naming.skeleton(name)} & looks:
            whole = False
            continue
        if not naming.is_name(name):  # a rule may mean it, in another spelling or by its last part
            whole = whole and naming.fold(name).strip() in naming.RESERVED
            continue
        looks |= {naming.fold(name), naming.skeleton(name)}
        new.append(name)
    return found, new, whole


def require(connection: Connection, names: tuple[str, ...]) -> None:
    """Check that each group exists.

    Raises:
        NotFoundError: one does not.
    """
    for name in names:
        _require_group(connection, name)


def _group_id(connection: Connection, name: str) -> int | None:
    return connection.scalar(select(groups.c.id).where(groups.c.name == name))


def _require_group(connection: Connection, name: str) -> int:
    found = _group_id(connection, name)
    if found is None:
        raise NotFoundError(
            "There is no group called {group}. Groups are added under People, or with: kb group "
            "add {group}",
            detail={"group": name},
        )
    return found
