"""Swaps of embedding models; up to which tick a generation beside the live one is current.

Revision ID: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("generations", sa.Column("current_to", sa.BigInteger()))
    op.add_column("generations", sa.Column("left_at", sa.Float()))
    op.create_table(
        "swaps",
        sa.Column("id", ID, primary_key=True),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("used", sa.JSON(), nullable=False),
        sa.Column("generation", ID),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("force", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("by_worker", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("asked_at", sa.Float(), nullable=False),
        sa.Column("began_at", sa.Float()),
        sa.Column("began_with", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("seen_at", sa.Float()),
        sa.Column("done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("total", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("too_long", sa.Integer()),
        sa.Column("gate", sa.JSON()),
        sa.Column("error", sa.JSON()),
        sa.Column("ended_at", sa.Float()),
    )


def downgrade() -> None:
    op.drop_table("swaps")
    op.drop_column("generations", "left_at")
    op.drop_column("generations", "current_to")
