"""What can be shown of documents to somebody who has not asked for any."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from kb.catalog.arrays import among
from kb.catalog.filtering import SEARCHABLE
from kb.catalog.ledger import found, with_source
from kb.catalog.rights import readable_of_many
from kb.catalog.tables import chunks, documents, sources
from kb.types.library import Document
from kb.types.people import Principal

FIRST_CHUNKS = 40
"""Chunks of a document whose headings are looked at."""


def newest(connection: Connection, principal: Principal, limit: int) -> list[Document]:
    """Documents to be searched, the last changed first; without what came out of others."""
    top = func.coalesce(documents.c.parent_id, 0) == 0  # as IS NULL SQLite would go by this first
    query = with_source().where(readable_of_many(principal), SEARCHABLE, top)
    query = query.order_by(documents.c.mtime_ns.desc(), documents.c.id.desc()).limit(limit)
    return found(connection, query)


def paths_in(connection: Connection, principal: Principal, root: str) -> set[str]:
    """The paths of documents to be searched, of sources that follow this folder."""
    there = documents.c.source_id.in_(select(sources.c.id).where(sources.c.root == root))
    query = select(documents.c.path).where(there, readable_of_many(principal), SEARCHABLE)
    return set(connection.scalars(query))


def headings(connection: Connection, versions: Sequence[int]) -> dict[int, list[str]]:
    """The headings that versions begin with, in their order; the caller knows who may read them."""
    query = (
        select(chunks.c.version, chunks.c.section)
        .where(
            among(chunks.c.version, list(versions)),
            chunks.c.section.is_not(None),
            chunks.c.ordinal < FIRST_CHUNKS,
        )
        .group_by(chunks.c.version, chunks.c.section)
        .order_by(func.min(chunks.c.ordinal))
    )
    by_version: dict[int, list[str]] = {}
    for version, section in connection.execute(query).tuples():
        by_version.setdefault(version, []).append(section)
    return by_version
