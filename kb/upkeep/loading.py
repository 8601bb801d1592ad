"""Loading: index points made of what the catalog has, and an index read from end to end."""

from collections.abc import AsyncIterator

from kb.catalog import chunks, rights, vectors
from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.index.base import DENSE, Index, IndexPoint
from kb.types.index import Embeddable

SCROLL = 5000
"""Points that are read in one call."""


async def points_of_versions(
    catalog: Catalog,
    embeddings: Embeddings,
    numbers: list[int],
    unkept: dict[str, bytes] | None = None,
) -> list[IndexPoint]:
    """The index points of versions, as the catalog has them; missing vectors are computed and kept.

    A caller that holds a writing transaction gives ``unkept``: new vectors are put there, by hash,
    for the caller to keep later.
    """
    model = embeddings.fingerprint

    def read() -> tuple[list[Embeddable], dict[int, list[str]]]:
        with catalog.reading() as connection:
            passages = chunks.of_versions(connection, model, numbers)
            tokens = rights.tokens_of(connection, sorted({p.document_id for p in passages}))
        return passages, tokens

    passages, tokens = await catalog.read(read)
    missing = {p.vector_hash: p.embedded_text for p in passages if p.vector is None}
    new: dict[str, bytes] = {}
    if missing:
        embedded = await embeddings.passages(list(missing.values()))
        new = dict(zip(missing, embedded, strict=True))
        if unkept is None:
            await catalog.write(keep_vectors, catalog, model, new)
        else:
            unkept |= new
    return [
        IndexPoint(
            p.point,
            {DENSE: p.vector or new[p.vector_hash]},
            p.embedded_text,
            p.language,
            tokens[p.document_id],
        )
        for p in passages
    ]


def keep_vectors(catalog: Catalog, model: str, new: dict[str, bytes]) -> None:
    """Keep new vectors of a model, by hash, in a transaction of their own."""
    with catalog.writing() as connection:
        vectors.keep(connection, model, new)


async def scroll(index: Index, generation: str) -> AsyncIterator[dict[int, list[str]]]:
    """Every point of a generation with its reader tokens, in parts."""
    after: int | None = None
    while found := await index.readers(generation, after, SCROLL):
        yield found
        after = max(found)
