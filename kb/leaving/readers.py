"""Who may read what, as rules that name people and groups: out of the catalog, and into another.

In the catalog a rule names groups and people by tokens, which mean nothing elsewhere. An export
names them as people do. What was removed names nobody, there and here.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kb import posix
from kb.catalog import acls, groups, people, rights
from kb.catalog.database import Connection
from kb.catalog.groups import GROUP
from kb.catalog.people import PERSON
from kb.leaving.problems import damaged
from kb.rights.access import EVERYONE, NOT, OWNER
from kb.types.leaving import Term


class Naming:
    """Tokens to terms, by the names of one moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._groups = groups.tokens(connection)
        self._people = {p.token: p.name for p in people.all_of(connection)}

    def set_of(self, number: str) -> list[Term]:
        """The readers of a set, by its id."""
        return self.terms(rights.of_set(self._connection, number))

    def terms(self, tokens: Iterable[str]) -> list[Term]:
        """Reader tokens as terms; the owner goes without saying."""
        return [self.term(token) for token in tokens if token != OWNER]

    def term(self, token: str) -> Term:
        """A reader token as a term."""
        if token == EVERYONE:
            return EVERYONE
        if token.startswith(NOT):
            return {"not": self.term(token.removeprefix(NOT))}
        if token.startswith(GROUP):
            return _named("group", self._groups.get(token))
        if token.startswith(PERSON):
            return _named("person", self._people.get(token))
        return self._rule(token)

    def _rule(self, token: str) -> Term:
        rule = acls.some(self._connection, [token]).get(token, {"some_of": [], "none_of": []})
        if "steps" in rule:
            return {"steps": rule["steps"]}
        if "every" in rule:
            return {"every": [self.terms(tokens) for tokens in rule["every"]]}
        return {name: self.terms(rule[name]) for name in ("some_of", "none_of")}


def _named(kind: str, name: str | None) -> Term:
    return {"removed": kind} if name is None else {kind: name}


class ReaderTokens:
    """Terms to the tokens of this catalog; groups and people of these names are here."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._groups = {name: token for token, name in groups.tokens(connection).items()}
        self._people = {p.name: p.token for p in people.all_of(connection)}
        self._kinds: dict[str, Callable[[Any], str]] = {
            "group": lambda name: self._groups[name],
            "person": lambda name: self._people[name],
            "removed": lambda kind: groups.new_token(GROUP if kind == "group" else PERSON),
            "not": lambda term: NOT + self.token(term),
            "steps": self._mirrored,
            "every": self._every,
        }

    def set_of(self, terms: Sequence[Term]) -> str:
        """The id of a set of readers, which is kept where it is new."""
        return rights.keep_set(self._connection, self.readers(terms))

    def readers(self, terms: Sequence[Term]) -> tuple[str, ...]:
        """Reader tokens, with the owner's."""
        return (*(self.token(term) for term in terms), OWNER)

    def token(self, term: Term) -> str:
        """The token of a term.

        Raises:
            UsageError: it is none.
        """
        try:
            return self._token(term)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise damaged(f"readers that are none ({str(term)[:80]})", "rights.json") from error

    def _token(self, term: Term) -> str:
        if term == EVERYONE:
            return EVERYONE
        if isinstance(term, str):
            raise TypeError(term)
        if set(term) == {"some_of", "none_of"}:
            some = [self._token(one) for one in term["some_of"]]
            return acls.keep(self._connection, some, [self._token(t) for t in term["none_of"]])
        [(kind, said)] = term.items()
        return self._kinds[kind](said)

    def _mirrored(self, steps: Any) -> str:
        return acls.keep_mirrored(self._connection, posix.from_json(steps))

    def _every(self, sets: Any) -> str:
        return acls.keep_every(self._connection, [[self._token(t) for t in one] for one in sets])
