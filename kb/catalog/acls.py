"""Rules that are not a plain list of groups: one reader token each, resolved per person.

The index knows only the token ``acl:<hash>``; who carries it is decided here, by the memberships of
the moment, so that a change of membership touches no point of the index. A rule never changes: its
token is the hash of what it says. Rules are of three kinds: some tokens but none of others, steps
through a file system, and several sets of readers of which each has to let somebody in.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from sqlalchemy import Connection, insert, select, update

from kb import posix
from kb.catalog.arrays import among
from kb.catalog.tables import acls, counters

PREFIX = "acl:"
BOOK = "rule_book"
"""The option of a reading connection that holds its catalog's :class:`RuleBook`."""
PART = 500
"""Rules that one statement looks up."""
MOST_PEOPLE = 512
"""People of whom it is kept in memory which rules fit them: a byte a rule each."""
_COUNT = select(counters.c.value).where(counters.c.name == "acls")


@dataclass(frozen=True, slots=True)
class Asker:
    """What rules need to know of somebody.

    ``tokens`` are those that are theirs without any rule. ``name``, ``member_of`` and ``known`` are
    for file systems (see ``posix.lets_through``). ``groups`` are the tokens of every group of which
    is known whether they are in it: a rule that excepts another fits nobody.
    """

    tokens: frozenset[str]
    name: str | None
    member_of: frozenset[str]
    known: frozenset[str]
    groups: frozenset[str]


def keep(connection: Connection, some_of: Iterable[str], none_of: Iterable[str]) -> str:
    """The token of the rule "carries some of these tokens, and none of those"."""
    return _keep(connection, {"some_of": sorted(some_of), "none_of": sorted(none_of)})


def keep_mirrored(connection: Connection, steps: posix.Steps) -> str:
    """The token of the rule "the file system lets them through every step"."""
    return _keep(connection, {"steps": posix.as_json(steps)})


def keep_every(connection: Connection, sets: Iterable[Iterable[str]]) -> str:
    """The token of the rule "carries some token of each of these sets"."""
    return _keep(connection, {"every": sorted(sorted(tokens) for tokens in sets)})


def _keep(connection: Connection, rule: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(rule, sort_keys=True).encode()).hexdigest()[:32]
    token = f"{PREFIX}{digest}"
    there = select(acls.c.token).where(acls.c.token == token)
    if connection.scalar(there) is None:
        # The count is moved first: whoever else keeps a rule waits here, and then sees this one.
        count = update(counters).where(counters.c.name == "acls")
        connection.execute(count.values(value=counters.c.value + 1))
        if connection.scalar(there) is None:
            connection.execute(insert(acls).values(token=token, rule=rule))
    return token


def carried_by(connection: Connection, asker: Asker) -> set[str]:
    """The tokens of every rule that fits somebody.

    A rule is tried once per person, and again only when what is known of them changes.
    """
    # A writer has no book of its catalog's: its own rules may never be committed.
    book: RuleBook = connection.get_execution_options().get(BOOK) or RuleBook()
    with book.lock:
        book.read(connection)
        return book.fitting(asker)


def some(connection: Connection, tokens: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What these rules say, by token."""
    query = select(acls).where(among(acls.c.token, tokens))
    return dict(connection.execute(query).tuples().all())


def every_of(connection: Connection, tokens: Collection[str]) -> set[frozenset[str]] | None:
    """The sets of a rule made by :func:`keep_every`, where these tokens are that rule alone."""
    if len(tokens) != 1 or not next(iter(tokens)).startswith(PREFIX):
        return None
    [rule] = some(connection, list(tokens)).values()
    return {frozenset(s) for s in rule["every"]} if "every" in rule else None


class RuleBook:
    """The rules of one catalog, and which of them fit whom."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._count = -1
        self._tokens: list[str] = []
        self._rules: list[Any] = []
        self._there: set[str] = set()
        self._people: OrderedDict[Asker, bytes] = OrderedDict()

    def read(self, connection: Connection) -> None:
        """Take up rules that are new since the last time."""
        count = int(connection.scalar(_COUNT) or 0)
        if count == self._count:
            return
        new = [t for t in connection.scalars(select(acls.c.token)) if t not in self._there]
        for start in range(0, len(new), PART):
            for token, rule in some(connection, new[start : start + PART]).items():
                self._there.add(token)
                self._tokens.append(token)
                self._rules.append(_prepared(rule))
        self._count = count

    def fitting(self, asker: Asker) -> set[str]:
        """The tokens of the rules that fit."""
        marks = self._people.get(asker, b"")
        if len(marks) < len(self._rules):
            marks += self._marks(asker, marks)
        self._people[asker] = marks
        self._people.move_to_end(asker)
        if len(self._people) > MOST_PEOPLE:
            self._people.popitem(last=False)
        return set(compress(self._tokens, marks))

    def _marks(self, asker: Asker, before: bytes) -> bytes:
        """Which of the rules after those ``before`` fit: a byte a rule, 1 or 0."""
        begin = len(before)
        new = bytearray(len(self._rules) - begin)
        later = []
        for n, rule in enumerate(self._rules[begin:]):
            if isinstance(rule, _Every):
                later.append(n)
            else:
                new[n] = rule.fits(asker)
        if later:  # they are made of other rules' tokens, which were kept before them
            carried = asker.tokens | set(compress(self._tokens, before + new))
            for n in later:
                new[n] = self._rules[begin + n].fits(carried)
        return bytes(new)


@dataclass(frozen=True, slots=True)
class _Except:
    some_of: frozenset[str]
    none_of: frozenset[str]

    def fits(self, asker: Asker) -> bool:
        known = self.none_of <= asker.groups
        return known and bool(asker.tokens & self.some_of) and not asker.tokens & self.none_of


@dataclass(frozen=True, slots=True)
class _Mirrored:
    steps: posix.Steps

    def fits(self, asker: Asker) -> bool:
        return posix.lets_through(self.steps, asker.name, asker.member_of, asker.known)


@dataclass(frozen=True, slots=True)
class _Every:
    sets: tuple[frozenset[str], ...]

    def fits(self, carried: set[str] | frozenset[str]) -> bool:
        return bool(self.sets) and all(carried & tokens for tokens in self.sets)


def _prepared(rule: dict[str, Any]) -> "_Except | _Mirrored | _Every":
    if "steps" in rule:
        return _Mirrored(posix.from_json(rule["steps"]))
    if "every" in rule:
        return _Every(tuple(frozenset(tokens) for tokens in rule["every"]))
    return _Except(frozenset(rule["some_of"]), frozenset(rule["none_of"]))
