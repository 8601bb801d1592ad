"""From the catalog to index points, and through an index from end to end."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Row

from kb.catalog import chunks, rights
from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.index.base import Index, IndexPoint

SCROLL = 5000


async def points_of_versions(
    catalog: Catalog,
    embeddings: Embeddings,
    numbers: list[int],
    unkept: dict[str, bytes] | None = None,
) -> list[IndexPoint]:
    """The index points of versions, from the catalog; missing vectors are computed and kept.

    Who holds the catalog gives ``unkept``: there they are put, to be kept later.
    """
    model = embeddings.fingerprint

    def read() -> tuple[list[Row[Any]], dict[int, list[str]]]:
        with catalog.reading() as connection:
            rows = chunks.of_versions(connection, model, numbers)
            tokens = rights.tokens_of(connection, sorted({r.document_id for r in rows}))
        return list(rows), tokens

    rows, tokens = await catalog.read(read)
    missing = {
        chunks.short_hash(r.embedded_text): r.embedded_text for r in rows if r.vector is None
    }
    new: dict[str, bytes] = {}
    if missing:
        vectors = await embeddings.passages(list(missing.values()))
        new = dict(zip(missing, vectors, strict=True))
        if unkept is None:
            await catalog.write(keep_vectors, catalog, model, new)
        else:
            unkept |= new
    return [
        IndexPoint(
            r.point,
            r.vector or new[chunks.short_hash(r.embedded_text)],
            r.embedded_text,
            r.language,
            tokens[r.document_id],
        )
        for r in rows
    ]


def keep_vectors(catalog: Catalog, model: str, new: dict[str, bytes]) -> None:
    """Keep vectors in the catalog."""
    with catalog.writing() as connection:
        chunks.keep_vectors(connection, model, new)


async def scroll(index: Index, generation: str) -> AsyncIterator[dict[int, list[str]]]:
    """Every point of a generation with its reader tokens, in parts."""
    after: int | None = None
    while found := await index.readers(generation, after, SCROLL):
        yield found
        after = max(found)
