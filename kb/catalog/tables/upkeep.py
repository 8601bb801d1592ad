"""What was done to the knowledge base as a whole."""

from sqlalchemy import JSON, BigInteger, Column, Float, Integer, String, Table, Text

from kb.catalog.tables.base import Id, metadata

backups = Table(
    "backups",
    metadata,
    Column("id", Id, primary_key=True),
    Column("folder", Text, nullable=False),
    Column("name", String(40)),
    Column("began_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("files", BigInteger, nullable=False, server_default="0"),
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    Column("new_bytes", BigInteger, nullable=False, server_default="0"),
    Column("missing", Integer, nullable=False, server_default="0"),
    Column("error", JSON(none_as_null=True)),
    Column("verified_at", Float),
)
