"""Backups that were made of this catalog, and how they ended.

Revision ID: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "backups",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("name", sa.String(40)),
        sa.Column("began_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float()),
        sa.Column("files", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("new_bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("missing", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("error", sa.JSON()),
        sa.Column("verified_at", sa.Float()),
    )


def downgrade() -> None:
    op.drop_table("backups")
