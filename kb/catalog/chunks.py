"""Chunks and vectors: what a passage says, and its embedding by the hash of what was embedded."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, not_, select, update

from kb.catalog import versions as versions_room
from kb.catalog.arrays import among
from kb.catalog.database import insert_ignoring, now
from kb.catalog.rights import readable
from kb.catalog.tables import chunks, documents, sources, vectors, versions
from kb.types.parsed import Chunk, Line, Span
from kb.types.passages import StoredChunk
from kb.types.people import Principal
from kb.types.points import point_of


class Layout(msgspec.Struct, frozen=True, array_like=True):
    """Where a chunk's text stands: in which elements, and in which lines of the page."""

    spans: tuple[Span, ...]
    lines: tuple[Line, ...]


def short_hash(text: str) -> str:
    """128 bits of SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def row(version: int, chunk: Chunk) -> dict[str, Any]:
    """A chunk as a row of the catalog."""
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
    """The chunks of points that are current at ``seq`` and readable now, and no others."""
    found: dict[int, StoredChunk] = {}
    for start in range(0, len(points), 900):
        query = _stored().where(
            among(chunks.c.point, points[start : start + 900]),
            versions_room.visible(seq),
            readable(principal),
        )
        found |= {r.point: _chunk(r) for r in connection.execute(query)}
    return found


def withheld(
    connection: Connection, principal: Principal, points: Sequence[int], seq: int
) -> set[int]:
    """Documents of points that are current at ``seq`` and that the principal may not read."""
    found: set[int] = set()
    for start in range(0, len(points), 900):
        query = (
            select(documents.c.id)
            .join(versions, versions.c.document_id == documents.c.id)
            .join(chunks, chunks.c.version == versions.c.number)
            .where(
                among(chunks.c.point, points[start : start + 900]),
                versions_room.visible(seq),
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
    """Where chunks stand in their document. The caller has checked that they may be read."""
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


def known_vectors(connection: Connection, model: str, hashes: Iterable[str]) -> dict[str, bytes]:
    """The vectors (float32, little endian) that are there already."""
    wanted = sorted(set(hashes))
    found: dict[str, bytes] = {}
    for start in range(0, len(wanted), 900):
        query = select(vectors.c.hash, vectors.c.vector).where(
            vectors.c.model == model, among(vectors.c.hash, wanted[start : start + 900])
        )
        found.update(connection.execute(query).tuples().all())
    return found


def keep_vectors(connection: Connection, model: str, new: dict[str, bytes]) -> None:
    """Store vectors; one that exists stays."""
    at = now()
    rows = [{"model": model, "hash": h, "vector": v, "kept_at": at} for h, v in new.items()]
    insert_ignoring(connection, vectors, rows)


def rename_model(connection: Connection, earlier: Sequence[str], model: str) -> None:
    """Vectors of models that are called otherwise by now; one that is there already stays."""
    there = select(vectors.c.hash).where(vectors.c.model == model)
    for name in earlier:
        old = vectors.c.model == name
        connection.execute(
            update(vectors).where(old, vectors.c.hash.not_in(there)).values(model=model)
        )
        connection.execute(delete(vectors).where(old))


def of_versions(connection: Connection, model: str, numbers: Sequence[int]) -> list[Row[Any]]:
    """All that an index point is made of, for the chunks of these versions."""
    query = (
        select(
            chunks.c.point,
            chunks.c.version,
            chunks.c.embedded_text,
            vectors.c.vector,
            documents.c.language,
            documents.c.source_id,
            documents.c.id.label("document_id"),
        )
        .join(versions, versions.c.number == chunks.c.version)
        .join(documents, documents.c.id == versions.c.document_id)
        .outerjoin(vectors, (vectors.c.hash == chunks.c.vector_hash) & (vectors.c.model == model))
        .where(among(chunks.c.version, numbers))
        .order_by(chunks.c.point)
    )
    return list(connection.execute(query).all())
