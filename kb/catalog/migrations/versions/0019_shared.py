"""Conversations that others may read.

Revision ID: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("conversations", sa.Column("shared_at", sa.Float()))


def downgrade() -> None:
    op.drop_column("conversations", "shared_at")
