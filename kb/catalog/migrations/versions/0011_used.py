"""Which tools a document was read with, and where a source's shares were mounted.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("documents", sa.Column("used", sa.JSON()))
    op.add_column("sources", sa.Column("mounts", sa.JSON()))


def downgrade() -> None:
    op.drop_column("sources", "mounts")
    op.drop_column("documents", "used")
