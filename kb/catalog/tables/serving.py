"""What web processes hold in common. It lasts no longer than they do."""

from sqlalchemy import BigInteger, Boolean, Column, Float, String, Table, Text, false

from kb.catalog.tables.base import metadata

rates = Table(
    "rates",
    metadata,
    Column("key", Text, primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("at", Float, nullable=False),
)

answer_turns = Table(
    "answer_turns",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column("process", String(200), nullable=False),
    Column("word", String(100)),
    Column("begun", Boolean, nullable=False, server_default=false()),
    Column("stopped", Boolean, nullable=False, server_default=false()),
)
