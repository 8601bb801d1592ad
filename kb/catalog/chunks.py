"""Chunks: what passages say and where they stand, as the catalog keeps them."""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, not_, or_, select

from kb.catalog.arrays import among, among_given
from kb.catalog.rights import readable, readable_given
from kb.catalog.tables import chunks, documents, sources, versions
from kb.catalog.versions import CURRENT, visible
from kb.text.periods import DAY
from kb.types.index import Embeddable
from kb.types.parsed import Chunk
from kb.types.passages import Layout, StoredChunk
from kb.types.people import Principal
from kb.types.points import point_of
from kb.types.tunings import SearchedPassage

_HYDRATED = (
    select(
        chunks.c.point,
        chunks.c.ordinal,
        documents.c.id,
        chunks.c.version,
        documents.c.path,
        sources.c.name,
        sources.c.shown_as,
        documents.c.title,
        documents.c.media_type,
        documents.c.language,
        documents.c.dated_ns,
        chunks.c.page,
        chunks.c.section,
        chunks.c.text,
        chunks.c.text_hash,
        documents.c.content_hash,
        documents.c.date_source,
        documents.c.date_precision,
    )
    .join(versions, versions.c.number == chunks.c.version)
    .join(documents, documents.c.id == versions.c.document_id)
    .join(sources, sources.c.id == documents.c.source_id)
    .where(
        among_given(chunks.c.point, "points"),
        visible(bindparam("seq", type_=BigInteger)),
        readable_given(),
    )
)


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
    given = {"seq": seq, "tokens": sorted(principal.tokens)}
    for start in range(0, len(points), 900):
        part = {"points": list(points[start : start + 900])}
        rows = connection.execute(_HYDRATED, given | part)
        found |= {chunk.point: chunk for chunk in map(_chunk, rows)}
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


def standing(
    connection: Connection, principal: Principal, named: Collection[str] = ()
) -> list[SearchedPassage]:
    """The passages that a principal may read, and all those of the sources that are ``named``."""
    of_named = select(sources.c.id).where(among(sources.c.name, named))
    wanted = or_(readable(principal), documents.c.source_id.in_(of_named))
    query = (
        select(chunks.c.point, documents.c.id, chunks.c.vector_hash)
        .join(documents, documents.c.version == chunks.c.version)
        .where(wanted)
        .order_by(chunks.c.point)
    )
    return [SearchedPassage(*row) for row in connection.execute(query)]


def points_of_documents(connection: Connection, document_ids: Collection[int]) -> list[int]:
    """The points of these documents' current versions, in order."""
    query = (
        select(chunks.c.point)
        .join(documents, documents.c.version == chunks.c.version)
        .where(among(documents.c.id, document_ids))
        .order_by(chunks.c.point)
    )
    return list(connection.scalars(query))


def current_versions(connection: Connection) -> list[int]:
    """The current versions, by number, that have passages."""
    has_passages = documents.c.version.is_not(None), documents.c.chunks > 0
    query = select(documents.c.version).where(*has_passages).order_by(documents.c.version)
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


def _chunk(row: Sequence[Any]) -> StoredChunk:
    """A row of ``_HYDRATED``, whose columns stand in the order of the chunk's fields."""
    point, ordinal, document, version, path, source, shown_as, *others = row
    title, media_type, language, dated_ns, page, section, text, text_hash, *last = others
    content_hash, date_source, precision = last
    dated = dated_ns / 1e9 if dated_ns else None
    return StoredChunk(
        point, ordinal, document, version, path, source, shown_as, title or path, media_type or "",
        language, dated, page, section, text, text_hash, content_hash or "", date_source,
        precision or DAY,
    )  # fmt: skip


def of_versions(connection: Connection, numbers: Sequence[int]) -> list[Embeddable]:
    """The passages of these versions as index points are made of them."""
    query = (
        select(
            chunks.c.point,
            documents.c.id,
            chunks.c.embedded_text,
            documents.c.language,
            chunks.c.vector_hash,
        )
        .join(versions, versions.c.number == chunks.c.version)
        .join(documents, documents.c.id == versions.c.document_id)
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
