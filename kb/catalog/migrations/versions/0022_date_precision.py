"""How exact a document's own date is: a day, or the month, quarter or year that begins with it.

Of documents that were read before it is a day: a mail's, or the time of their file.

Revision ID: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("documents", sa.Column("date_precision", sa.String(10)))
    op.execute("UPDATE documents SET date_precision = 'day' WHERE dated_ns IS NOT NULL")


def downgrade() -> None:
    op.drop_column("documents", "date_precision")
