"""Chunks: what passages say and where they stand, as the catalog keeps them."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, not_, select

from kb.catalog.arrays import among
from kb.catalog.rights import readable
from kb.catalog.tables import chunks, documents, sources, vectors, versions
from kb.catalog.versions import CURRENT, visible
from kb.types.index import Embeddable
from kb.types.parsed import Chunk
from kb.types.passages import Layout, StoredChunk
from kb.types.people import Principal
from kb.types.points import point_of


def short_hash(text: str) -> str:
    """128 bits of SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def row(version: int, chunk: Chunk) -> dict[str, Any]:
    """A version's chunk as a row of the catalog: values by column."""
    return {
        "point": point_of(version, chunk.ordinal),
        "version": version,
        "ordinal": chunk.ordinal,
        "page": chunk.page,
        "section": chunk.section,
        "text": chunk.text,
        "text_hash": short_hash(" ".join(chunk.text.split())),
        "embedded_text": chunk.embedded_text,
        "vector_hash": short_hash(chunk.embedded_text),
        "layout": msgspec.msgpack.encode(Layout(chunk.spans, chunk.lines)),
    }


def hydrate(
    connection: Connection, principal: Principal, points: Sequence[int], seq: int
) -> dict[int, StoredChunk]:
    """The chunks of those points that are current at ``seq`` and readable now, by point."""
    found: dict[int, StoredChunk] = {}
    for start in range(0, len(points), 900):
        query = _stored().where(
            among(chunks.c.point, points[start : start + 900]),
            visible(seq),
            readable(principal),
        )
        found |= {r.point: _chunk(r) for r in connection.execute(query)}
    return found


def withheld(
    connection: Connection, principal: Principal, points: Sequence[int], seq: int
) -> set[int]:
    """Documents of those points that are current at ``seq`` and not for this principal."""
    found: set[int] = set()
    for start in range(0, len(points), 900):
        query = (
            select(documents.c.id)
            .join(versions, versions.c.document_id == documents.c.id)
            .join(chunks, chunks.c.version == versions.c.number)
            .where(
                among(chunks.c.point, points[start : start + 900]),
                visible(seq),
                not_(readable(principal)),
            )
        )
        found |= set(connection.scalars(query))
    return found


def current_points(connection: Connection) -> list[int]:
    """The points of every current version, in order."""
    query = (
        select(chunks.c.point)
        .join(documents, documents.c.version == chunks.c.version)
        .order_by(chunks.c.point)
    )
    return list(connection.scalars(query))


def first_points(connection: Connection, document_ids: Sequence[int]) -> dict[int, int]:
    """The first point of each document's current version."""
    if not document_ids:
        return {}
    query = select(documents.c.id, documents.c.version).where(
        among(documents.c.id, document_ids),
        documents.c.version.is_not(None),
        documents.c.chunks > 0,
    )
    return {d: point_of(v, 0) for d, v in connection.execute(query).tuples()}


def layouts(connection: Connection, points: Sequence[int]) -> dict[int, Layout]:
    """Where chunks stand in their document, by point; the caller asks whether they may be read."""
    query = select(chunks.c.point, chunks.c.layout).where(among(chunks.c.point, points))
    return {
        p: msgspec.msgpack.decode(layout, type=Layout)
        for p, layout in connection.execute(query).tuples()
    }


def _stored() -> Any:
    return (
        select(
            chunks.c.point,
            chunks.c.ordinal,
            chunks.c.version,
            chunks.c.page,
            chunks.c.section,
            chunks.c.text,
            chunks.c.text_hash,
            documents.c.id.label("document_id"),
            documents.c.path,
            documents.c.title,
            documents.c.media_type,
            documents.c.language,
            documents.c.mtime_ns,
            documents.c.content_hash,
            sources.c.name.label("source"),
            sources.c.shown_as,
        )
        .join(versions, versions.c.number == chunks.c.version)
        .join(documents, documents.c.id == versions.c.document_id)
        .join(sources, sources.c.id == documents.c.source_id)
    )


def _chunk(r: Row[Any]) -> StoredChunk:
    return StoredChunk(
        point=r.point,
        ordinal=r.ordinal,
        document_id=r.document_id,
        version=r.version,
        path=r.path,
        source=r.source,
        shown_as=r.shown_as,
        title=r.title or r.path,
        media_type=r.media_type or "",
        language=r.language,
        modified=r.mtime_ns / 1e9 if r.mtime_ns else None,
        page=r.page,
        section=r.section,
        text=r.text,
        text_hash=r.text_hash,
        content_hash=r.content_hash or "",
    )


def of_versions(connection: Connection, model: str, numbers: Sequence[int]) -> list[Embeddable]:
    """The passages of these versions as index points are made of them, with their vectors."""
    query = (
        select(
            chunks.c.point,
            documents.c.id,
            chunks.c.embedded_text,
            documents.c.language,
            chunks.c.vector_hash,
            vectors.c.vector,
        )
        .join(versions, versions.c.number == chunks.c.version)
        .join(documents, documents.c.id == versions.c.document_id)
        .outerjoin(vectors, (vectors.c.hash == chunks.c.vector_hash) & (vectors.c.model == model))
        .where(among(chunks.c.version, numbers))
        .order_by(chunks.c.point)
    )
    return [Embeddable(*row) for row in connection.execute(query)]


def points_of_current(connection: Connection) -> dict[int, int]:
    """Every point of a current version, with its document's id."""
    query = (
        select(chunks.c.point, documents.c.id)
        .join(versions, versions.c.number == chunks.c.version)
        .join(documents, documents.c.version == versions.c.number)
        .where(versions.c.state == CURRENT)
    )
    return dict(connection.execute(query).tuples().all())
