"""Rules that are not a plain list of groups: one reader token each, resolved per person.

The index knows only the token ``acl:<hash>``; who carries it is decided here, by the memberships of
the moment, so that a change of membership touches no point of the index.
"""

import hashlib
import json
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from sqlalchemy import Connection, select

from kb.catalog.database import insert_ignoring
from kb.catalog.tables import acls

PREFIX = "acl:"


def keep(connection: Connection, some_of: Iterable[str], none_of: Iterable[str]) -> str:
    """The token of the rule "carries some of these tokens, and none of those"."""
    rule = {"some_of": sorted(some_of), "none_of": sorted(none_of)}
    digest = hashlib.sha256(json.dumps(rule).encode()).hexdigest()[:32]
    token = f"{PREFIX}{digest}"
    insert_ignoring(connection, acls, [{"token": token, "rule": rule}])
    return token


def carried_by(connection: Connection, tokens: AbstractSet[str]) -> set[str]:
    """The tokens of every rule that fits somebody who carries ``tokens``."""
    return {
        token
        for token, rule in connection.execute(select(acls)).tuples()
        if tokens & set(rule["some_of"]) and not tokens & set(rule["none_of"])
    }


def rules(connection: Connection) -> dict[str, dict[str, list[str]]]:
    """Every rule by its token."""
    return dict(connection.execute(select(acls)).tuples().all())
