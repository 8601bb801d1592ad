"""Loading: index points made of what the catalog has, and an index read from end to end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from kb import failpoints
from kb.catalog import chunks, rights, vectors
from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.index.base import Index, IndexPoint
from kb.index.generation import vector_names
from kb.types.index import Embeddable

T = TypeVar("T")
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


@dataclass(frozen=True, slots=True)
class MadePoints:
    """Index points, and the vectors that were computed for them and are not kept yet."""

    points: list[IndexPoint]
    unkept: Vectors


async def points_of_versions(
    catalog: Catalog,
    embeddings: Embeddings,
    numbers: list[int],
    pace: Pace = USUAL,
    *,
    keep: bool = True,
) -> MadePoints:
    """The index points of versions, as the catalog has them; missing vectors are computed.

    ``keep``: each batch of them is kept as it comes. A caller that holds a writing transaction gets
    them instead, to keep them after it.
    """

    def read() -> tuple[list[Embeddable], dict[int, list[str]]]:
        with catalog.reading() as connection:
            passages = chunks.of_versions(connection, numbers)
            tokens = rights.tokens_of(connection, sorted({p.document_id for p in passages}))
        return passages, tokens

    passages, tokens = await catalog.read(read)
    names = vector_names(embeddings.models)
    found, unkept = Vectors(), Vectors()
    for model, wanted in (await _wanted(embeddings, passages)).items():
        known = await _known(catalog, model, wanted)
        new = await _computed(catalog, embeddings, model, _missing(wanted, known), pace, keep=keep)
        found[model] = known | new
        if new and not keep:
            unkept[model] = new
    points = [
        IndexPoint(
            p.point,
            {names[m]: by[p.vector_hash] for m, by in found.items() if p.vector_hash in by},
            p.embedded_text,
            p.language,
            tokens[p.document_id],
        )
        for p in passages
    ]
    return MadePoints(points, unkept)


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
    catalog: Catalog, embeddings: Embeddings, model: str, texts: dict[str, str]
) -> dict[str, bytes]:
    """A model's vectors of texts by hash: those that are kept, and the others computed now.

    Each batch is kept as it comes.
    """
    known = await _known(catalog, model, texts)
    missing = _missing(texts, known)
    return known | await _computed(catalog, embeddings, model, missing, USUAL, keep=True)


async def _known(catalog: Catalog, model: str, texts: Mapping[str, str]) -> dict[str, bytes]:
    def read() -> dict[str, bytes]:
        with catalog.reading() as connection:
            return vectors.known(connection, model, texts)

    return await catalog.read(read)


def _missing(texts: Mapping[str, str], known: Mapping[str, bytes]) -> dict[str, str]:
    return {key: text for key, text in texts.items() if key not in known}


async def _computed(
    catalog: Catalog,
    embeddings: Embeddings,
    model: str,
    texts: Mapping[str, str],
    pace: Pace,
    *,
    keep: bool,
) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    hashes = list(texts)
    for start in range(0, len(hashes), BATCH):
        part = hashes[start : start + BATCH]
        embedded = await embeddings.passages([texts[h] for h in part], pace.processors(), model)
        new = dict(zip(part, embedded, strict=True))
        if keep:
            await catalog.write(keep_vectors, catalog, {model: new})
            failpoints.reached("vectors_kept")
        found |= new
        pace.told(len(new))
    return found


def keep_vectors(catalog: Catalog, *parts: Vectors) -> None:
    """Keep new vectors, all parts in one transaction of their own."""
    with catalog.writing() as connection:
        for part in parts:
            for model, by_hash in part.items():
                vectors.keep(connection, model, by_hash)


def awaited(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    """Have the loop do something, from a thread that waits until it is done; what it gave."""
    return asyncio.run_coroutine_threadsafe(work, loop).result()


async def scroll(index: Index, generation: str) -> AsyncIterator[dict[int, list[str]]]:
    """Every point of a generation with its reader tokens, in parts."""
    after: int | None = None
    while found := await index.readers(generation, after, SCROLL):
        yield found
        after = max(found)
