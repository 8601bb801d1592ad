"""Evaluations that are asked for in the page.

Revision ID: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "asked_evaluations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("answers", sa.Boolean(), nullable=False),
        sa.Column("drawn", sa.Integer()),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("asked_at", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float()),
        sa.Column("done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("total", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("error", sa.JSON()),
        sa.Column("ended_at", sa.Float()),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("asked_evaluations")
