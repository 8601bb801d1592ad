"""Who may read what. Every surface asks here, and nowhere else.

A reader token is opaque to the index: ``everyone``, ``group:<name>``, ``person:<name>``,
``acl:<hash>`` for a rule that is no plain list, and ``owner``, which only the owner of the data
directory carries. Every document carries ``owner``.
"""

from collections.abc import Iterable

from sqlalchemy import Connection

from kb.catalog import acls, groups, people
from kb.errors import UsageError
from kb.types import Principal

EVERYONE = "everyone"
OWNER = "owner"
NOT = "not:"
PERSON = "person:"


def owner() -> Principal:
    """Whoever may open the data directory."""
    return Principal("owner", frozenset({OWNER, EVERYONE}), owner=True)


def person(connection: Connection, name: str) -> Principal:
    """A person, with the groups they are in at this moment.

    Raises:
        NotFoundError: there is no such person.
    """
    found = people.by_name(connection, name)
    member_of = groups.of_person(connection, found.id)
    tokens = {EVERYONE, f"{PERSON}{name}", *map(group, member_of)}
    return Principal(
        name,
        frozenset(tokens | acls.carried_by(connection, name, tokens)),
        administrator=found.administrator,
        curates=people.curated_by(connection, found.id),
    )


def group(name: str) -> str:
    """The token of a group."""
    return f"group:{name}"


def readers(
    connection: Connection, names: Iterable[str], *, strict: bool = True
) -> tuple[str, ...]:
    """The tokens for a rule given as group names; no names means everyone.

    ``person:<name>`` names one person, ``not:<name>`` excepts a group: ``everyone,not:interns``.
    Unless ``strict``, a group or person that was removed since is simply nobody.

    Raises:
        NotFoundError: a group or a person does not exist.
    """
    wanted = tuple(n for n in names if n)
    excepted = tuple(n.removeprefix(NOT) for n in wanted if n.startswith(NOT))
    single = tuple(n.removeprefix(PERSON) for n in wanted if n.startswith(PERSON))
    named = tuple(n for n in wanted if n != EVERYONE and not n.startswith((NOT, PERSON)))
    if strict:
        groups.require(connection, (*named, *excepted))
        for name in single:
            people.by_name(connection, name)
    tokens = {*map(group, named), *(f"{PERSON}{n}" for n in single)}
    if EVERYONE in wanted or not tokens:
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
        names += [t.removeprefix("group:") for t in rule.get("some_of", ())]
        names += [NOT + t.removeprefix("group:") for t in rule.get("none_of", ())]
    return [n for n in names if n != OWNER]


def tokens_or_raise(principal: Principal) -> list[str]:
    """The filter's values, in a fixed order.

    An empty filter would match everything in some engines, so it is refused here.
    """
    if not principal.tokens:
        raise UsageError("A principal without a reader token may read nothing.", code="no_rights")
    return sorted(principal.tokens)
