"""When a document is from, and how that is known.

Of documents that were read before it is the time of their file, until they are read again; what
came out of a container has none of its own.

Revision ID: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
BEFORE = ("source_id", "rights", "media_type", "language", "mtime_ns", "author", "chunks", "version")
COUNTED = tuple("dated_ns" if name == "mtime_ns" else name for name in BEFORE)


def upgrade() -> None:
    op.add_column("documents", sa.Column("dated_ns", sa.BigInteger()))
    op.add_column("documents", sa.Column("date_source", sa.String(20)))
    op.execute(
        "UPDATE documents SET dated_ns = mtime_ns, date_source = 'file' WHERE mtime_ns > 0"
    )
    _count_by(COUNTED)


def downgrade() -> None:
    _count_by(BEFORE)
    op.drop_column("documents", "date_source")
    op.drop_column("documents", "dated_ns")


def _count_by(columns: tuple[str, ...]) -> None:
    searchable = sa.text("chunks > 0")
    op.drop_index("ix_documents_counted", "documents")
    op.create_index(
        "ix_documents_counted", "documents", list(columns),
        sqlite_where=searchable, postgresql_where=searchable,
    )  # fmt: skip
