"""Erasings with a statement, and how far they are.

Revision ID: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "purges",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("begun_at", sa.Float(), nullable=False),
        sa.Column("began_with", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("erased", sa.JSON(), nullable=False),
        sa.Column("marks", sa.JSON()),
        sa.Column("statement", sa.Text()),
        sa.Column("signature", sa.Text()),
        sa.Column("error", sa.JSON()),
        sa.Column("ended_at", sa.Float()),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("purges")
