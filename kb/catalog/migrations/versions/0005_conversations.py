"""Conversations, what people think of answers, and questions whose right passage is known.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("asker", sa.String(200), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("used_at", sa.Float(), nullable=False),
    )
    op.create_index("ix_conversations_asker", "conversations", ["asker", "used_at"])
    with op.batch_alter_table("answers") as table:
        table.add_column(
            sa.Column(
                "conversation_id",
                sa.String(32),
                sa.ForeignKey("conversations.id", name="fk_answers_conversation_id",
                              ondelete="CASCADE"),
            )
        )
        table.add_column(sa.Column("asked_as", sa.Text()))
        table.add_column(sa.Column("model_digest", sa.Text()))
        table.add_column(sa.Column("settled_at", sa.Float()))
    op.create_index("ix_answers_conversation_id", "answers", ["conversation_id"])
    op.create_table(
        "feedback",
        sa.Column("answer_id", sa.String(32), sa.ForeignKey("answers.id", ondelete="CASCADE"),
                  primary_key=True),
        sa.Column("citation", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("verdict", sa.String(4), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("given_at", sa.Float(), nullable=False),
    )
    op.create_table(
        "judged_questions",
        sa.Column("id", Id, primary_key=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("asker", sa.String(200), nullable=False),
        sa.Column("document_id", Id, sa.ForeignKey("documents.id", ondelete="CASCADE"),
                  nullable=False),
        sa.Column("page", sa.Integer()),
        sa.Column("section", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("judged_at", sa.Float(), nullable=False),
    )
    op.create_index("ix_judged_questions_document_id", "judged_questions", ["document_id"])


def downgrade() -> None:
    op.drop_table("judged_questions")
    op.drop_table("feedback")
    op.drop_index("ix_answers_conversation_id", "answers")
    with op.batch_alter_table("answers") as table:
        for name in ("settled_at", "model_digest", "asked_as", "conversation_id"):
            table.drop_column(name)
    op.drop_table("conversations")
