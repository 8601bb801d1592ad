"""Indexes that queries need, and from which versions an answer was made.

Revision ID: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
PART = 500
"""Answers that are read at once."""
COUNTED = (
    "source_id", "rights", "media_type", "language", "mtime_ns", "author", "chunks", "version"
)  # fmt: skip


def upgrade() -> None:
    # Each stands for an index over its first column, which goes.
    for table, name, columns in (
        ("documents", "ix_documents_state", ["state", "code", "source_id", "rights"]),
        ("versions", "ix_versions_state", ["state", "finished_at"]),
    ):
        op.drop_index(name, table)
        op.create_index(name, table, columns)
    searchable = sa.text("chunks > 0")
    op.create_index(
        "ix_documents_counted", "documents", list(COUNTED),
        sqlite_where=searchable, postgresql_where=searchable,
    )  # fmt: skip
    op.create_index("ix_documents_mtime_ns", "documents", ["mtime_ns"])
    op.create_index("ix_documents_blob", "documents", ["blob"])
    op.create_index("ix_vectors_hash", "vectors", ["hash", "kept_at"])
    op.create_index("ix_reader_sets_token", "reader_sets", ["token", "id"])
    op.create_index("ix_answers_asker", "answers", ["asker", "asked_at"])
    op.create_index("ix_answers_asked_at", "answers", ["asked_at"])
    _answers()


def _answers() -> None:
    """From the passages that each answer names."""
    made_from = op.create_table(
        "answer_versions",
        sa.Column(
            "version",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column(
            "answer_id",
            sa.String(32),
            sa.ForeignKey("answers.id", ondelete="CASCADE"),
            primary_key=True,
        ),
    )
    op.create_index("ix_answer_versions_answer_id", "answer_versions", ["answer_id"])
    answers = sa.table("answers", sa.column("id"), sa.column("passages", sa.JSON()))
    connection, last = op.get_bind(), ""
    while True:
        query = sa.select(answers.c.id, answers.c.passages).where(answers.c.id > last)
        rows = connection.execute(query.order_by(answers.c.id).limit(PART)).all()
        if not rows:
            return
        last = rows[-1].id
        found = [
            {"version": number, "answer_id": row.id}
            for row in rows
            for number in {version for version, _ in row.passages}
        ]
        if found:
            connection.execute(sa.insert(made_from), found)
