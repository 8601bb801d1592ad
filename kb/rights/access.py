"""Who may read what. Every surface asks here, and nowhere else.

A reader token is opaque to the index: ``everyone``, one of a group (``group:…``), one of a person
(``person:…``), ``acl:<hash>`` for a rule that is no plain list, and ``owner``, which only the owner
of the data directory carries. Every document carries ``owner``. Tokens are identities: they outlive
a change of name, and no later group or person is given one that was another's.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from kb.catalog import acls, groups, people
from kb.catalog.acls import Asker
from kb.catalog.database import Connection
from kb.catalog.groups import GROUP
from kb.catalog.people import PERSON
from kb.errors import ForbiddenError, UsageError
from kb.types.library import Source
from kb.types.people import LOCAL, Membership, Person, Principal

EVERYONE = "everyone"
OWNER = "owner"
NOT = "not:"


def owner() -> Principal:
    """Whoever may open the data directory."""
    return Principal("owner", frozenset({OWNER, EVERYONE}), owner=True)


def anybody() -> Principal:
    """Somebody of whom nothing is known: they read what everyone may read, and nothing else."""
    return Principal(EVERYONE, frozenset({EVERYONE}))


def must_manage(principal: Principal) -> None:
    """Raises ``ForbiddenError`` where somebody does not administrate."""
    if not principal.manages:
        raise ForbiddenError("This is for administrators.")


def must_answer_for(principal: Principal, source: Source) -> None:
    """Raises ``ForbiddenError`` where a source is not theirs to look after."""
    if not principal.answers_for(source.id):
        raise ForbiddenError("You do not answer for {source}.", detail={"source": source.name})


def person(
    connection: Connection, name: str, system_names: AbstractSet[str] = frozenset()
) -> Principal:
    """A person, with the groups they are in at this moment.

    ``system_names``: the directories and providers whose names are the file system's. Other people
    whom one of these brought are not taken for the file system's person of that name.

    Raises:
        NotFoundError: there is no such person.
    """
    return as_principal(connection, people.by_name(connection, name), system_names)


def as_principal(
    connection: Connection, found: Person, system_names: AbstractSet[str] = frozenset()
) -> Principal:
    """Somebody who has been found, as :func:`person` gives them."""
    member_of = groups.memberships_of(connection, found.id)
    asker = _asker(connection, found, member_of, {LOCAL, *system_names})
    return Principal(
        found.name,
        asker.tokens | acls.carried_by(connection, asker),
        administrator=found.administrator,
        curates=people.curated_by(connection, found.id),
    )


def _asker(
    connection: Connection, found: Person, member_of: list[Membership], trusted: set[str]
) -> Asker:
    names = groups.tokens(connection)
    mine = frozenset(m.name for m in member_of if m.origin in trusted)
    all_known = found.groups_whole and found.origin in trusted
    return Asker(
        tokens=frozenset({EVERYONE, found.token, *(m.token for m in member_of)}),
        name=found.name if found.origin in trusted else None,
        member_of=mine,
        known=frozenset(names.values()) if all_known else mine,
        groups=frozenset(names) if found.groups_whole else frozenset(m.token for m in member_of),
    )


def readers(connection: Connection, names: Iterable[str]) -> tuple[str, ...]:
    """The tokens for a rule given by names.

    ``everyone``, groups, ``person:<name>`` for one person, and ``not:<name>``, which excepts a
    group: ``everyone,not:interns``.

    Raises:
        NotFoundError: a group or a person does not exist.
        UsageError: nobody is named.
    """
    return tokens_of(connection, kept(connection, names))


def kept(connection: Connection, names: Iterable[str]) -> list[str]:
    """Readers as a rule keeps them: by their tokens, an excepted group's behind ``not:``.

    Raises:
        NotFoundError: a group or a person does not exist.
        UsageError: nobody is named.
    """
    wanted = [n for n in names if n]
    if wanted and all(n.startswith(NOT) for n in wanted):
        raise UsageError(
            "Say who may read it: groups, person:NAME, or everyone (everyone,{readers}).",
            code="no_readers",
            detail={"readers": wanted},
        )
    if not wanted:
        raise UsageError(
            "Say who may read it: groups, person:NAME, or everyone.",
            code="no_readers",
        )
    return list(dict.fromkeys(_kept(connection, n) for n in wanted))


def _kept(connection: Connection, name: str) -> str:
    if name == EVERYONE:
        return EVERYONE
    if name.startswith(NOT):
        return NOT + groups.token_of(connection, name.removeprefix(NOT))
    if name.startswith(PERSON):
        return people.by_name(connection, name.removeprefix(PERSON)).token
    return groups.token_of(connection, name)


def tokens_of(connection: Connection, kept_readers: Sequence[str]) -> tuple[str, ...]:
    """The tokens for a rule that is kept; a group or person that was removed since is nobody."""
    tokens = {t for t in kept_readers if not t.startswith(NOT)}
    excepted = [t.removeprefix(NOT) for t in kept_readers if t.startswith(NOT)]
    if excepted:
        tokens = {acls.keep(connection, tokens, excepted)}
    return (*sorted(tokens), OWNER)


def in_words(connection: Connection, tokens: Iterable[str]) -> list[str]:
    """Reader tokens as names; the owner goes without saying."""
    wanted = [t for t in tokens if t != OWNER]
    rules = acls.some(connection, [t for t in wanted if t.startswith(acls.PREFIX)])
    flat: list[str] = []
    for token in wanted:
        rule = rules.get(token, {"some_of": [token]})
        flat += rule.get("some_of", ())
        flat += [NOT + t for t in rule.get("none_of", ())]
    return named(connection, flat)


def named(connection: Connection, kept_readers: Sequence[str]) -> list[str]:
    """Readers as they are kept, by the names of this moment."""
    by_group = groups.tokens(connection)
    single = [t for t in kept_readers if t.startswith(PERSON)]
    by_person = people.names_by_token(connection, single) if single else {}

    def one(token: str) -> str:
        if token.startswith(PERSON):
            return PERSON + by_person.get(token, _removed(token.removeprefix(PERSON)))
        if token.startswith(GROUP):
            return by_group.get(token, _removed(token.removeprefix(GROUP)))
        return token

    return [NOT + one(t.removeprefix(NOT)) if t.startswith(NOT) else one(t) for t in kept_readers]


def _removed(what: str) -> str:
    """What is said of a group or person that is not there any more."""
    return f"{what} (removed)"


def tokens_or_raise(principal: Principal) -> list[str]:
    """The filter's values, in a fixed order.

    An empty filter would match everything in some engines, so it is refused here.
    """
    if not principal.tokens:
        raise UsageError("A principal without a reader token may read nothing.", code="no_rights")
    return sorted(principal.tokens)
