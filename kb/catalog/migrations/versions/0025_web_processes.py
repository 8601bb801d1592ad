"""What several web processes hold in common: rates, and turns at the language model.

Revision ID: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    # Nothing of these outlives a crash of the database, so nothing is written twice for it.
    unlogged = ["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else []
    op.create_table(
        "rates",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        prefixes=unlogged,
    )
    op.create_table(
        "answer_turns",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("process", sa.String(200), nullable=False),
        sa.Column("word", sa.String(100)),
        sa.Column("begun", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("stopped", sa.Boolean(), nullable=False, server_default=sa.false()),
        prefixes=unlogged,
    )


def downgrade() -> None:
    op.drop_table("answer_turns")
    op.drop_table("rates")
