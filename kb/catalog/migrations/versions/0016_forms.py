"""The form of an answer: paragraphs, lists and tables.

Revision ID: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("answers", sa.Column("form", sa.JSON()))


def downgrade() -> None:
    op.drop_column("answers", "form")
