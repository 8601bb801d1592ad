"""Files whose turn has not come, members whose bytes wait, fencing numbers.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("documents") as table:
        table.add_column(sa.Column("due_at", sa.Float()))
        table.add_column(sa.Column("pending", sa.String(64)))
    op.create_index("ix_documents_due_at", "documents", ["due_at"])
    op.create_index("ix_documents_pending", "documents", ["pending"])
    for name in ("leases", "versions"):
        with op.batch_alter_table(name) as table:
            table.add_column(
                sa.Column("fence", sa.BigInteger(), nullable=False, server_default="0")
            )
