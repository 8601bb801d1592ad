"""People who sign in, rights of single documents, the audit log, and what people keep.

Revision ID: 0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _of(table: str, column: str, **kwargs: Any) -> Any:
    key = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(column, Id, key, **kwargs)


def upgrade() -> None:
    with op.batch_alter_table("people") as table:
        table.add_column(sa.Column("shown_name", sa.String(200)))
        table.add_column(
            sa.Column("administrator", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.add_column(
            sa.Column("origin", sa.String(20), nullable=False, server_default="local")
        )
        table.add_column(sa.Column("subject", sa.String(400)))
        table.add_column(sa.Column("password", sa.Text()))
        table.add_column(sa.Column("password_at", sa.Float()))
        table.add_column(sa.Column("totp", sa.String(64)))
        table.add_column(sa.Column("totp_step", sa.BigInteger()))
        for name in ("disabled_at", "created_at", "seen_at", "groups_at"):
            table.add_column(sa.Column(name, sa.Float()))
    # An index, not a constraint: SQLite would copy the table, and its memberships would go with it.
    op.create_index("ix_people_subject", "people", ["subject"], unique=True)
    with op.batch_alter_table("memberships") as table:
        table.add_column(
            sa.Column("origin", sa.String(20), nullable=False, server_default="local")
        )
    with op.batch_alter_table("documents") as table:
        table.add_column(sa.Column("rights", sa.String(32)))
    op.create_index("ix_documents_rights", "documents", ["rights"])
    with op.batch_alter_table("sources") as table:
        table.add_column(sa.Column("rule", sa.JSON()))
        table.add_column(sa.Column("rights_at", sa.Float()))
        table.add_column(sa.Column("about", sa.Text()))
    op.create_table(
        "reader_sets",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("token", sa.String(200), primary_key=True),
    )
    op.create_table(
        "curators",
        _of("sources", "source_id", primary_key=True),
        _of("people", "person_id", primary_key=True),
    )
    _signing_in()
    _kept()


def _signing_in() -> None:
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), primary_key=True),
        _of("people", "person_id", nullable=False, index=True),
        sa.Column("how", sa.String(20), nullable=False),
        sa.Column("address", sa.String(60), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.Column("begun_at", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("ends_at", sa.Float(), nullable=False),
        sa.Column("viewing_as", sa.String(200)),
        sa.Column("provider_session", sa.String(200), index=True),
        sa.Column("id_token", sa.Text()),
    )
    op.create_table(
        "tokens",
        sa.Column("id", Id, primary_key=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        _of("people", "person_id", nullable=False, index=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("scope", sa.String(20), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("ends_at", sa.Float(), nullable=False),
        sa.Column("used_at", sa.Float()),
    )
    op.create_table(
        "links",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("purpose", sa.String(20), nullable=False),
        _of("people", "person_id", index=True),
        sa.Column("ends_at", sa.Float(), nullable=False),
        sa.Column("used_at", sa.Float()),
    )
    op.create_table(
        "failures",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.Float(), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("seq", Id, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float(), nullable=False, index=True),
        sa.Column("actor", sa.String(200), nullable=False, index=True),
        sa.Column("action", sa.String(60), nullable=False, index=True),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )


def _kept() -> None:
    op.create_table(
        "saved_searches",
        sa.Column("id", Id, primary_key=True),
        sa.Column("asker", sa.String(200), nullable=False, index=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.Float(), nullable=False),
    )
    op.create_table(
        "opened",
        sa.Column("asker", sa.String(200), primary_key=True),
        _of("documents", "document_id", primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
    )
    op.create_index("ix_opened_document_id", "opened", ["document_id"])
    op.create_table(
        "pins",
        sa.Column("id", Id, primary_key=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("folded", sa.String(400), nullable=False, index=True),
        sa.Column("answer", sa.Text(), nullable=False),
        _of("documents", "document_id", nullable=False, index=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("pinned_at", sa.Float(), nullable=False),
    )
    op.create_table(
        "glossary",
        sa.Column("id", Id, primary_key=True),
        sa.Column("short", sa.String(60), nullable=False, unique=True),
        sa.Column("meaning", sa.Text(), nullable=False),
    )
    op.create_table(
        "asked",
        sa.Column("id", Id, primary_key=True),
        sa.Column("at", sa.Float(), nullable=False, index=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("question", sa.Text()),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(20)),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
    )
