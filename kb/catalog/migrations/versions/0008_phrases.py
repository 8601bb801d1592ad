"""The words of passages, for exact phrases.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

from kb.text.queries import words_in

revision = "0008"
down_revision = "0007"
PART = 2000
"""Passages that are read at once."""


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE passage_words USING fts5 (words, content='', tokenize='ascii')"
        )
        add = sa.text("INSERT INTO passage_words (rowid, words) VALUES (:point, :words)")
    else:
        op.create_table(
            "passage_words",
            sa.Column("point", sa.BigInteger(), primary_key=True, autoincrement=False),
            sa.Column("words", sa.Text(), nullable=False),
        )
        add = sa.text("INSERT INTO passage_words (point, words) VALUES (:point, :words)")
    _fill(connection, add)
    if connection.dialect.name != "sqlite":  # one that is filled already is indexed faster
        connection.exec_driver_sql(
            "CREATE INDEX ix_passage_words_words ON passage_words"
            " USING gin (string_to_array(words, ' '))"
        )
    op.create_index("ix_documents_version", "documents", ["version"])


def _fill(connection: sa.Connection, add: sa.TextClause) -> None:
    """From the passages that are there, a part at a time."""
    chunks = sa.table("chunks", sa.column("point"), sa.column("text"))
    last = -1
    while True:
        query = sa.select(chunks.c.point, chunks.c.text).where(chunks.c.point > last)
        rows = connection.execute(query.order_by(chunks.c.point).limit(PART)).all()
        if not rows:
            return
        connection.execute(add, [{"point": r.point, "words": words_in(r.text)} for r in rows])
        last = rows[-1].point
