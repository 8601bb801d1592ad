"""Loading: index points made of what the catalog has, and an index read from end to end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from kb import failpoints
from kb.catalog import chunks, rights, vectors
from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.index.base import Index, IndexPoint
from kb.index.generation import vector_names
from kb.types.index import Embeddable

SCROLL = 5000
"""Points that are read in one call."""
BATCH = 256
"""Texts that are embedded, and kept, together: what stops then has not to be embedded again."""
Vectors = dict[str, dict[str, bytes]]
"""Vectors (float32, little endian) by their model's fingerprint, and by the hash of their text."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How missing vectors are computed: ``processors`` says by how many at the moment (0: all).

    ``told`` hears how many were, after each batch.
    """

    processors: Callable[[], int] = lambda: 0
    told: Callable[[int], None] = lambda _: None


USUAL = Pace()


async def points_of_versions(
    catalog: Catalog,
    embeddings: Embeddings,
    numbers: list[int],
    unkept: Vectors | None = None,
    pace: Pace = USUAL,
) -> list[IndexPoint]:
    """The index points of versions, as the catalog has them; missing vectors are computed and kept.

    A caller that holds a writing transaction gives ``unkept``: new vectors are put there, for the
    caller to keep later.
    """

    def read() -> tuple[list[Embeddable], dict[int, list[str]]]:
        with catalog.reading() as connection:
            passages = chunks.of_versions(connection, numbers)
            tokens = rights.tokens_of(connection, sorted({p.document_id for p in passages}))
        return passages, tokens

    passages, tokens = await catalog.read(read)
    names = vector_names(embeddings.models)
    found = {
        model: await vectors_of(catalog, embeddings, model, wanted, unkept, pace)
        for model, wanted in (await _wanted(embeddings, passages)).items()
    }
    return [
        IndexPoint(
            p.point,
            {names[m]: by[p.vector_hash] for m, by in found.items() if p.vector_hash in by},
            p.embedded_text,
            p.language,
            tokens[p.document_id],
        )
        for p in passages
    ]


async def _wanted(
    embeddings: Embeddings, passages: Sequence[Embeddable]
) -> dict[str, dict[str, str]]:
    """What each model embeds: texts by their hash, by the model's fingerprint.

    A text that stands in documents of several languages is embedded for all of them.
    """
    found: dict[str, dict[str, str]] = {}
    for language in {p.language for p in passages}:
        texts = {p.vector_hash: p.embedded_text for p in passages if p.language == language}
        for model in await embeddings.for_language(language):
            found.setdefault(model.fingerprint, {}).update(texts)
    return found


async def vectors_of(
    catalog: Catalog,
    embeddings: Embeddings,
    model: str,
    texts: dict[str, str],
    unkept: Vectors | None = None,
    pace: Pace = USUAL,
) -> dict[str, bytes]:
    """A model's vectors of texts by hash: those that are kept, and the others computed now.

    ``unkept`` is as in :func:`points_of_versions`. Each batch is kept as it comes.
    """

    def read() -> dict[str, bytes]:
        with catalog.reading() as connection:
            return vectors.known(connection, model, texts)

    known = await catalog.read(read)
    missing = [h for h in texts if h not in known]
    for start in range(0, len(missing), BATCH):
        hashes = missing[start : start + BATCH]
        wanted = [texts[h] for h in hashes]
        embedded = await embeddings.passages(wanted, pace.processors(), model)
        new = dict(zip(hashes, embedded, strict=True))
        if unkept is None:
            await catalog.write(keep_vectors, catalog, {model: new})
            failpoints.reached("vectors_kept")
        else:
            unkept.setdefault(model, {}).update(new)
        known |= new
        pace.told(len(new))
    return known


def keep_vectors(catalog: Catalog, new: Vectors) -> None:
    """Keep new vectors in a transaction of their own."""
    with catalog.writing() as connection:
        for model, by_hash in new.items():
            vectors.keep(connection, model, by_hash)


def awaited(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    """Have the loop do something, from a thread that waits until it is done."""
    asyncio.run_coroutine_threadsafe(work, loop).result()


async def scroll(index: Index, generation: str) -> AsyncIterator[dict[int, list[str]]]:
    """Every point of a generation with its reader tokens, in parts."""
    after: int | None = None
    while found := await index.readers(generation, after, SCROLL):
        yield found
        after = max(found)
