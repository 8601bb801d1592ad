"""People, groups, and all that lets somebody in; what they keep; what was done."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
    true,
)

from kb.catalog.tables.base import Id, metadata

groups = Table(
    "groups",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("token", String(200), index=True, unique=True),
)

people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("token", String(200), index=True, unique=True),
    Column("shown_name", String(200)),
    Column("administrator", Boolean, nullable=False, server_default=false()),
    Column("origin", String(20), nullable=False, server_default="local"),
    Column("subject", String(400), index=True, unique=True),
    Column("password", Text),
    Column("password_at", Float),
    Column("totp", String(64)),
    Column("totp_step", BigInteger),
    Column("disabled_at", Float),
    Column("created_at", Float),
    Column("seen_at", Float),
    Column("groups_at", Float),
    Column("groups_whole", Boolean, nullable=False, server_default=true()),
    Column("vouched_at", Float),
)

memberships = Table(
    "memberships",
    metadata,
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("group_id", Id, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("origin", String(20), nullable=False, server_default="local"),
)

curators = Table(
    "curators",
    metadata,
    Column("source_id", Id, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column(
        "person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("how", String(20), nullable=False),
    Column("address", String(60), nullable=False),
    Column("agent", String(200), nullable=False),
    Column("begun_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("ends_at", Float, nullable=False),
    Column("viewing_as", String(200)),
    Column("provider_session", String(200), index=True),
    Column("id_token", Text),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column(
        "person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("name", String(200), nullable=False),
    Column("scope", String(20), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("ends_at", Float, nullable=False),
    Column("used_at", Float),
    Column("made_by", Id, ForeignKey("tokens.id", ondelete="CASCADE"), index=True),
)

devices = Table(
    "devices",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("seen_at", Float, nullable=False),
    Index("ix_devices_person_id", "person_id"),
)

links = Table(
    "links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("purpose", String(20), nullable=False),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), index=True),
    Column("ends_at", Float, nullable=False),
    Column("used_at", Float),
)

failures = Table(
    "failures",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("count", Float, nullable=False),
    Column("last_at", Float, nullable=False),
)

REDACTED = "audit.redacted"
"""The action of an entry that vouches for others, out of which words were taken."""
audit = Table(
    "audit",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False, index=True),
    Column("actor", String(200), nullable=False, index=True),
    Column("action", String(60), nullable=False, index=True),
    Column("entry", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)

saved_searches = Table(
    "saved_searches",
    metadata,
    Column("id", Id, primary_key=True),
    Column("asker", String(200), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("address", Text, nullable=False),
    Column("saved_at", Float, nullable=False),
)

opened = Table(
    "opened",
    metadata,
    Column("asker", String(200), primary_key=True),
    Column("document_id", Id, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Float, nullable=False),
    Index("ix_opened_document_id", "document_id"),
)

pins = Table(
    "pins",
    metadata,
    Column("id", Id, primary_key=True),
    Column("question", Text, nullable=False),
    Column("folded", String(400), nullable=False, index=True),
    Column("answer", Text, nullable=False),
    Column(
        "document_id",
        Id,
        ForeignKey("documents.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("address", Text, nullable=False),
    Column("author", String(200), nullable=False),
    Column("pinned_at", Float, nullable=False),
    Column("content_hash", String(64)),
    Column("rights", String(32)),
)

glossary = Table(
    "glossary",
    metadata,
    Column("id", Id, primary_key=True),
    Column("short", String(60), nullable=False, unique=True),
    Column("meaning", Text, nullable=False),
)

asked = Table(
    "asked",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Float, nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("question", Text),
    Column("hits", Integer, nullable=False),
    Column("mode", String(20)),
    Column("sources", JSON, nullable=False),
    Column("seconds", Float, nullable=False),
)
