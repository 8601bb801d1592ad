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

purges = Table(  # erasings with a statement, which is there when all of it is done
    "purges",
    metadata,
    Column("id", Id, primary_key=True),
    Column("by", String(200), nullable=False),
    Column("begun_at", Float, nullable=False),
    Column("began_with", BigInteger, nullable=False, server_default="0"),
    Column("documents", Integer, nullable=False),
    Column("erased", JSON, nullable=False),
    Column("marks", JSON(none_as_null=True)),
    Column("statement", Text),
    Column("signature", Text),
    Column("error", JSON(none_as_null=True)),
    Column("ended_at", Float),
    sqlite_autoincrement=True,
)
