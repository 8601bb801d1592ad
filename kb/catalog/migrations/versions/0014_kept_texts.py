"""What the document of a kept text was when it was kept: its bytes and its readers.

Revision ID: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
TABLES = ("judged_questions", "pins")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("content_hash", sa.String(64)))
        op.add_column(table, sa.Column("rights", sa.String(32)))
        for column in ("content_hash", "rights"):  # what they were then is not known
            found = f"SELECT d.{column} FROM documents d WHERE d.id = {table}.document_id"
            op.execute(f"UPDATE {table} SET {column} = ({found})")


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "rights")
        op.drop_column(table, "content_hash")
