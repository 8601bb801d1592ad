"""What was learned of the organisation's own questions."""

from sqlalchemy import JSON, Column, Float, LargeBinary, String, Table

from kb.catalog.tables.base import Id, metadata

tunings = Table(
    "tunings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("state", String(20), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("learned", LargeBinary, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("made_at", Float, nullable=False),
    Column("live_at", Float),
    Column("ended_at", Float),
    sqlite_autoincrement=True,
)
