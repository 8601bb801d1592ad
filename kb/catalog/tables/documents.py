"""Sources, documents, versions, chunks, rights; `seq` is the catalog's own clock."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from kb.catalog.tables.base import Id, StructColumn, metadata
from kb.types.files import ReadWith

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("fence", BigInteger, nullable=False, default=0),
    Column("until", Float, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("root", Text, nullable=False),
    Column("schedule", String(100)),
    Column("shown_as", Text),
    Column("watch", Boolean, nullable=False, server_default=false()),
    Column("paused", Boolean, nullable=False, server_default=false()),
    Column("uploads", Boolean, nullable=False, server_default=false()),
    Column("include", JSON),
    Column("exclude", JSON),
    Column("max_file_mb", Integer),
    Column("languages", String(100)),
    Column("rule", JSON(none_as_null=True)),
    Column("rights_at", Float),
    Column("about", Text),
    Column("mounts", JSON(none_as_null=True)),
    Column("created_at", Float, nullable=False),
    Column("requested_at", Float),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failed_at", Float),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("counts", JSON),
    Column("error", JSON),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column(
        "source_id", Id, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("started_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("pages", Integer, nullable=False, server_default="0"),
    Column("path", Text),
    Column("counts", JSON),
    Column("error", JSON),
)

source_readers = Table(
    "source_readers",
    metadata,
    Column("source_id", Id, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("token", String(200), primary_key=True),
)

erased_paths = Table(  # files that stay where they are and are not read any more
    "erased_paths",
    metadata,
    Column("source_id", Id, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("raw_path", LargeBinary, primary_key=True),
)

removed_folders = Table(  # of uploads whose source is gone: to be deleted
    "removed_folders",
    metadata,
    Column("path", Text, primary_key=True),
)

reader_sets = Table(
    "reader_sets",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("token", String(200), primary_key=True),
    Index("ix_reader_sets_token", "token", "id"),
)

documents = Table(
    "documents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_id", Id, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    Column("parent_id", Id, ForeignKey("documents.id", ondelete="CASCADE"), index=True),
    Column("raw_path", LargeBinary, nullable=False),
    Column("path", Text, nullable=False),
    Column("target", LargeBinary),
    Column("state", String(20), nullable=False),
    Column("code", String(60)),
    Column("parameters", JSON),
    Column("bytes", BigInteger, nullable=False, default=0),
    Column("mtime_ns", BigInteger),
    Column("ctime_ns", BigInteger),
    Column("content_hash", String(64), index=True),
    Column("settings", String(64)),
    Column("used", StructColumn(ReadWith)),
    Column("media_type", String(120)),
    Column("title", Text),
    Column("author", Text),
    Column("language", String(8)),
    Column("dated_ns", BigInteger),
    Column("date_source", String(20)),
    Column("date_precision", String(10)),
    Column("parser", String(40)),
    Column("blob", String(64), index=True),
    Column("pages", Integer),
    Column("confidence", Float),
    Column("chunks", Integer, nullable=False, default=0),
    Column("tries", Integer, nullable=False, default=0),
    Column("version", Id, index=True),
    Column("held", Boolean, nullable=False, default=False),
    Column("rights", String(32), index=True),
    Column("added_at", Float, nullable=False),
    Column("indexed_at", Float),
    Column("due_at", Float, index=True),
    Column("pending", String(64), index=True),
    UniqueConstraint("source_id", "raw_path"),
    Index("ix_documents_state", "state", "code", "source_id", "rights"),
    Index("ix_documents_mtime_ns", "mtime_ns"),
)
Index(  # all that counting by filters needs, so that no document itself is read
    "ix_documents_counted",
    documents.c.source_id, documents.c.rights, documents.c.media_type, documents.c.language,
    documents.c.dated_ns, documents.c.author, documents.c.chunks, documents.c.version,
    sqlite_where=text("chunks > 0"), postgresql_where=text("chunks > 0"),
)  # fmt: skip

versions = Table(
    "versions",
    metadata,
    Column("number", Id, primary_key=True),
    Column("document_id", Id, nullable=False, index=True),
    Column("content_hash", String(64)),
    Column("state", String(20), nullable=False),
    Column("points", Integer, nullable=False, default=0),
    Column("born", BigInteger),
    Column("retired", BigInteger),
    Column("retired_at", Float),
    Column("worker", String(200), nullable=False),
    Column("fence", BigInteger, nullable=False, default=0),
    Column("started_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("code", String(60)),
    Column("parameters", JSON),
    Index("ix_versions_state", "state", "finished_at"),
    sqlite_autoincrement=True,
)

chunks = Table(
    "chunks",
    metadata,
    Column("point", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Id, ForeignKey("versions.number"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("page", Integer),
    Column("section", Text),
    Column("text", Text, nullable=False),
    Column("text_hash", String(32), nullable=False),
    Column("embedded_text", Text, nullable=False),
    Column("vector_hash", String(32), nullable=False, index=True),
    Column("layout", LargeBinary, nullable=False),
)

vectors = Table(
    "vectors",
    metadata,
    Column("model", String(64), primary_key=True),
    Column("hash", String(32), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
    Column("kept_at", Float, nullable=False, server_default="0"),
    Index("ix_vectors_hash", "hash", "kept_at"),
)

name_tokens = Table(
    "name_tokens",
    metadata,
    Column("token", String(80), primary_key=True),
    Column("document_id", Id, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_name_tokens_document_id", "document_id"),
)

generations = Table(
    "generations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    Column("description", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("switched_at", Float),
    Column("current_to", BigInteger),
    Column("left_at", Float),
    sqlite_autoincrement=True,
)

swaps = Table(
    "swaps",
    metadata,
    Column("id", Id, primary_key=True),
    Column("wanted", JSON, nullable=False),
    Column("used", JSON, nullable=False),
    Column("generation", Id),
    Column("state", String(20), nullable=False),
    Column("force", Boolean, nullable=False, server_default=false()),
    Column("by_worker", Boolean, nullable=False, server_default=false()),
    Column("asked_by", String(200), nullable=False),
    Column("asked_at", Float, nullable=False),
    Column("began_at", Float),
    Column("began_with", Integer, nullable=False, server_default="0"),
    Column("seen_at", Float),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("too_long", Integer),
    Column("gate", JSON(none_as_null=True)),
    Column("error", JSON(none_as_null=True)),
    Column("ended_at", Float),
)

rights_outbox = Table(
    "rights_outbox",
    metadata,
    Column("document_id", Id, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("queued_at", Float, nullable=False),
)

acls = Table(
    "acls",
    metadata,
    Column("token", String(200), primary_key=True),
    Column("rule", JSON, nullable=False),
)
