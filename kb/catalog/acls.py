"""Rules that are not a plain list of groups: one reader token each, resolved per person.

The index knows only the token ``acl:<hash>``; who carries it is decided here, by the memberships of
the moment, so that a change of membership touches no point of the index. A rule never changes: its
token is the hash of what it says.
"""

import hashlib
import json
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, select

from kb import posix
from kb.catalog.arrays import among
from kb.catalog.database import insert_ignoring
from kb.catalog.tables import acls, groups

PREFIX = "acl:"
_KNOWN: dict[str, dict[str, Any]] = {}
"""Rules by token, read once: what a token says never changes."""


def keep(connection: Connection, some_of: Iterable[str], none_of: Iterable[str]) -> str:
    """The token of the rule "carries some of these tokens, and none of those"."""
    return _keep(connection, {"some_of": sorted(some_of), "none_of": sorted(none_of)})


def keep_mirrored(connection: Connection, steps: posix.Steps) -> str:
    """The token of the rule "the file system lets them through every step"."""
    return _keep(connection, {"steps": posix.as_json(steps)})


def _keep(connection: Connection, rule: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(rule, sort_keys=True).encode()).hexdigest()[:32]
    token = f"{PREFIX}{digest}"
    insert_ignoring(connection, acls, [{"token": token, "rule": rule}])
    return token


def carried_by(connection: Connection, name: str, tokens: AbstractSet[str]) -> set[str]:
    """The tokens of every rule that fits the person ``name``, who carries ``tokens``."""
    every = rules(connection)
    if not every:
        return set()
    known = frozenset(connection.scalars(select(groups.c.name)))
    member_of = frozenset(t.removeprefix("group:") for t in tokens if t.startswith("group:"))
    return {token for token, rule in every.items() if _fits(rule, name, tokens, member_of, known)}


def _fits(
    rule: dict[str, Any],
    name: str,
    tokens: AbstractSet[str],
    member_of: frozenset[str],
    known: frozenset[str],
) -> bool:
    if "steps" in rule:
        return posix.lets_through(posix.from_json(rule["steps"]), name, member_of, known)
    return bool(tokens & set(rule["some_of"])) and not tokens & set(rule["none_of"])


def rules(connection: Connection) -> dict[str, dict[str, Any]]:
    """Every rule by its token."""
    there = list(connection.scalars(select(acls.c.token)))
    new = [t for t in there if t not in _KNOWN]
    for start in range(0, len(new), 500):
        query = select(acls).where(among(acls.c.token, new[start : start + 500]))
        _KNOWN.update(connection.execute(query).tuples().all())
    return {token: _KNOWN[token] for token in there}
