"""Groups and people are told by tokens, not by their names; links by where they lead.

Whoever is here keeps the token that was made of the name: no passage has to be written anew.

Revision ID: 0009
"""

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

LONGEST = 200
"""Most characters of a reader token in the catalog's columns; PostgreSQL holds to it."""
GROUP, PERSON, NOT, EVERYONE = "group:", "person:", "not:", "everyone"


def upgrade() -> None:
    for name, prefix in (("groups", GROUP), ("people", PERSON)):
        op.add_column(name, sa.Column("token", sa.String(200)))
        _name_tokens(name, prefix)
        op.create_index(f"ix_{name}_token", name, ["token"], unique=True)
    op.add_column(
        "people",
        sa.Column("groups_whole", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.add_column("documents", sa.Column("target", sa.LargeBinary()))
    op.execute("INSERT INTO counters (name, value) VALUES ('acls', 1)")
    _path_rules()


def _name_tokens(name: str, prefix: str) -> None:
    """The token made of each name; of a name that is too long for that, one that nobody ever had.

    Such a token could never be kept, so no source refers to it. SQLite knows no lengths.
    """
    connection = op.get_bind()
    fits = LONGEST - len(prefix) if connection.dialect.name == "postgresql" else 1_000_000
    op.execute(f"UPDATE {name} SET token = '{prefix}' || name WHERE length(name) <= {fits}")
    table = sa.table(name, sa.column("id"), sa.column("token"))
    without = sa.select(table.c.id).where(table.c.token.is_(None))
    for number in connection.scalars(without).all():
        token = f"{prefix}{secrets.token_hex(8)}"
        connection.execute(sa.update(table).where(table.c.id == number).values(token=token))


def _path_rules() -> None:
    """Rules by paths kept names."""
    sources = sa.table("sources", sa.column("id"), sa.column("rule", sa.JSON(none_as_null=True)))
    connection = op.get_bind()
    for number, rule in connection.execute(sa.select(sources.c.id, sources.c.rule)).tuples().all():
        if rule and rule.get("kind") == "paths":
            lines = [[pattern, [_token(n) for n in names]] for pattern, names in rule["paths"]]
            changed = sa.update(sources).where(sources.c.id == number)
            connection.execute(changed.values(rule={**rule, "paths": lines}))


def _token(name: Any) -> str:
    if name == EVERYONE or name.startswith(PERSON):
        return str(name)
    if name.startswith(NOT):
        return f"{NOT}{GROUP}{name.removeprefix(NOT)}"
    return f"{GROUP}{name}"
