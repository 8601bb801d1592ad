"""Who may read what. Every surface asks here, and nowhere else.

A reader token is opaque to the index: ``everyone``, ``group:<name>``, ``person:<name>``, and
``owner``, which only the owner of the data directory carries. Every document carries ``owner``.
"""

from collections.abc import Iterable

from sqlalchemy import Connection

from kb.catalog import people
from kb.errors import UsageError
from kb.types import Principal

EVERYONE = "everyone"
OWNER = "owner"


def owner() -> Principal:
    """Whoever may open the data directory."""
    return Principal("owner", frozenset({OWNER, EVERYONE}), owner=True)


def person(connection: Connection, name: str) -> Principal:
    """A person, with the groups they are in at this moment.

    Raises:
        NotFoundError: there is no such person.
    """
    member_of = people.groups_of(connection, name)
    return Principal(name, frozenset({EVERYONE, f"person:{name}", *map(group, member_of)}))


def group(name: str) -> str:
    """The token of a group."""
    return f"group:{name}"


def readers(connection: Connection, names: Iterable[str]) -> tuple[str, ...]:
    """The tokens for a rule given as group names; no names means everyone.

    Raises:
        NotFoundError: a group does not exist.
    """
    wanted = tuple(n for n in names if n)
    people.require_groups(connection, tuple(n for n in wanted if n != EVERYONE))
    tokens = {EVERYONE if n == EVERYONE else group(n) for n in wanted} or {EVERYONE}
    return (*sorted(tokens), OWNER)


def tokens_or_raise(principal: Principal) -> list[str]:
    """The filter's values, in a fixed order.

    An empty filter would match everything in some engines, so it is refused here.
    """
    if not principal.tokens:
        raise UsageError("A principal without a reader token may read nothing.", code="no_rights")
    return sorted(principal.tokens)
