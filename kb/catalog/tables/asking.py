"""Conversations, answers, what is said of them, and evaluations."""

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from kb.catalog.tables.base import Id, metadata

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("asker", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("used_at", Float, nullable=False),
    Column("shared_at", Float),
    Index("ix_conversations_asker", "asker", "used_at"),
)

answers = Table(
    "answers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("asker", String(200), nullable=False),
    Column(
        "conversation_id",
        String(32),
        ForeignKey("conversations.id", ondelete="CASCADE"),
        index=True,
    ),
    Column("question", Text, nullable=False),
    Column("asked_as", Text),
    Column("text", Text, nullable=False),
    Column("mode", String(20), nullable=False),
    Column("notice", JSON),
    Column("sentences", JSON, nullable=False),
    Column("citations", JSON, nullable=False),
    Column("passages", JSON, nullable=False),
    Column("model", Text),
    Column("model_digest", Text),
    Column("prompt_hash", String(64)),
    Column("settings", JSON, nullable=False),
    Column("form", JSON(none_as_null=True)),
    Column("asked_at", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("settled_at", Float),
    Index("ix_answers_asker", "asker", "asked_at"),
    Index("ix_answers_asked_at", "asked_at"),
)

answer_versions = Table(
    "answer_versions",
    metadata,
    Column("version", Id, primary_key=True, autoincrement=False),
    Column("answer_id", String(32), ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_answer_versions_answer_id", "answer_id"),
)
"""From which versions an answer was made, as in its ``passages``."""

feedback = Table(
    "feedback",
    metadata,
    Column("answer_id", String(32), ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True),
    Column("citation", Integer, primary_key=True, autoincrement=False),
    Column("verdict", String(4), nullable=False),
    Column("comment", Text, nullable=False),
    Column("given_at", Float, nullable=False),
)

judged_questions = Table(
    "judged_questions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("question", Text, nullable=False),
    Column("asker", String(200), nullable=False),
    Column(
        "document_id",
        Id,
        ForeignKey("documents.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("page", Integer),
    Column("section", Text),
    Column("text", Text, nullable=False),
    Column("judged_at", Float, nullable=False),
    Column("content_hash", String(64)),
    Column("rights", String(32)),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("name", Text, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("seconds", Float, nullable=False),
)

evaluation_questions = Table(
    "evaluation_questions",
    metadata,
    Column("evaluation_id", Id, ForeignKey("evaluations.id", ondelete="CASCADE"), primary_key=True),
    Column("question_id", String(200), primary_key=True),
    Column("question", Text, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("got", Text, nullable=False),
)

asked_evaluations = Table(
    "asked_evaluations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("what", Text, nullable=False),
    Column("answers", Boolean, nullable=False),
    Column("drawn", Integer),
    Column("state", String(20), nullable=False),
    Column("asked_by", String(200), nullable=False),
    Column("asked_at", Float, nullable=False),
    Column("seen_at", Float),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("error", JSON(none_as_null=True)),
    Column("ended_at", Float),
    sqlite_autoincrement=True,
)
