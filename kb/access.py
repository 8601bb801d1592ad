"""Who may read what. Every surface asks here, and nowhere else.

A reader token is opaque to the index: ``everyone``, ``group:<name>``, ``person:<name>``,
``acl:<hash>`` for a rule with exceptions, and ``owner``, which only the owner of the data directory
carries. Every document carries ``owner``.
"""

from collections.abc import Iterable

from sqlalchemy import Connection

from kb.catalog import acls, people
from kb.errors import UsageError
from kb.types import Principal

EVERYONE = "everyone"
OWNER = "owner"
NOT = "not:"


def owner() -> Principal:
    """Whoever may open the data directory."""
    return Principal("owner", frozenset({OWNER, EVERYONE}), owner=True)


def person(connection: Connection, name: str) -> Principal:
    """A person, with the groups they are in at this moment.

    Raises:
        NotFoundError: there is no such person.
    """
    member_of = people.groups_of(connection, name)
    tokens = {EVERYONE, f"person:{name}", *map(group, member_of)}
    return Principal(name, frozenset(tokens | acls.carried_by(connection, tokens)))


def group(name: str) -> str:
    """The token of a group."""
    return f"group:{name}"


def readers(connection: Connection, names: Iterable[str]) -> tuple[str, ...]:
    """The tokens for a rule given as group names; no names means everyone.

    ``not:<name>`` excepts a group: ``everyone,not:interns``.

    Raises:
        NotFoundError: a group does not exist.
    """
    wanted = tuple(n for n in names if n)
    excepted = tuple(n.removeprefix(NOT) for n in wanted if n.startswith(NOT))
    named = tuple(n for n in wanted if n != EVERYONE and not n.startswith(NOT))
    people.require_groups(connection, (*named, *excepted))
    tokens = {group(n) for n in named}
    if EVERYONE in wanted or not named:
        tokens.add(EVERYONE)
    if excepted:
        tokens = {acls.keep(connection, tokens, map(group, excepted))}
    return (*sorted(tokens), OWNER)


def in_words(connection: Connection, tokens: Iterable[str]) -> list[str]:
    """Reader tokens as the names they were given by; the owner goes without saying."""
    rules = acls.rules(connection)
    names: list[str] = []
    for token in tokens:
        rule = rules.get(token, {"some_of": [token], "none_of": []})
        names += [t.removeprefix("group:") for t in rule["some_of"]]
        names += [NOT + t.removeprefix("group:") for t in rule["none_of"]]
    return [n for n in names if n != OWNER]


def tokens_or_raise(principal: Principal) -> list[str]:
    """The filter's values, in a fixed order.

    An empty filter would match everything in some engines, so it is refused here.
    """
    if not principal.tokens:
        raise UsageError("A principal without a reader token may read nothing.", code="no_rights")
    return sorted(principal.tokens)
