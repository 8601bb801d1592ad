"""What an index is. Two adapters implement it: Qdrant Edge and a Qdrant server.

One contract suite (``tests/index/contract.py``) runs against both.
"""

import hashlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from kb import __version__
from kb.settings import Settings

DENSE, WORDS, GRAMS = "dense", "words", "grams"
"""The lists: the model's vectors; stemmed words; character grams. Both last are BM25."""
LISTS = (DENSE, WORDS, GRAMS)
Ranked = list[tuple[int, float]]
"""Points with scores, best first."""
LEXICAL_VERSION = "2"
"""Raise it when the sparse lists give other vectors for a text; generations are rebuilt."""


class IndexPoint(msgspec.Struct, frozen=True):
    """A chunk on its way into the index: ``vector`` is float32 bytes, ``readers`` not empty."""

    id: int
    vector: bytes
    text: str
    language: str | None
    readers: list[str]


class IndexQuery(msgspec.Struct, frozen=True):
    """A question for every list at once. ``vector`` is float32 bytes.

    Without a vector the lists of words come alone: they can be had while the question is being
    embedded. ``lists`` are lists that are there already, from such a call.

    ``worth`` is what each list weighs where the question's language is one of ``languages``,
    ``worth_foreign`` where it is not: the lists are then fused. Without them they come as they are.

    ``only``: the points that are asked for, where not all are.
    """

    vector: bytes
    text: str
    readers: list[str]
    limit: int
    worth: dict[str, float] = {}
    worth_foreign: dict[str, float] = {}
    languages: list[str] = []
    lists: dict[str, Ranked] = {}
    only: list[int] = []


class Hits(msgspec.Struct, frozen=True):
    """Points with scores, best first, by list or fused; and the question's language.

    ``similarity`` is the cosine of each fused point with the question; ``exhausted`` says that no
    list has more.
    """

    language: str
    lists: dict[str, Ranked] = {}
    fused: Ranked = []
    similarity: dict[int, float] = {}
    exhausted: bool = False


class Index(Protocol):
    """A set of generations. Every method is safe to repeat.

    Raises ``UsageError`` for a filter without tokens (it would match everything), ``EngineError``
    where the engine fails, ``DamagedError`` where its files are damaged.
    """

    async def create(self, generation: str, dimension: int) -> None:
        """Make an empty generation; one that exists stays."""
        ...

    async def upsert(self, generation: str, points: Sequence[IndexPoint]) -> None:
        """Write points; searchable on return, durable after :meth:`flush`."""
        ...

    async def flush(self, generation: str) -> None:
        """Bring everything written before to disk."""
        ...

    async def delete(self, generation: str, ids: Sequence[int]) -> None:
        """Delete points; those that are not there are no error."""
        ...

    async def set_readers(
        self, generation: str, ids: Sequence[int], readers: Sequence[str]
    ) -> None:
        """Replace the reader tokens of points."""
        ...

    async def query(self, generation: str, query: IndexQuery) -> Hits:
        """Search every list in one batch, filtered by reader tokens."""
        ...

    async def readers(self, generation: str, after: int | None, limit: int) -> dict[int, list[str]]:
        """Ids with their reader tokens, ascending, beyond ``after``."""
        ...

    async def count(self, generation: str) -> int:
        """How many points there are."""
        ...

    async def verify(self, generation: str) -> None:
        """Read every point with all that is stored of it.

        Raises:
            DamagedError: something cannot be read; the generation has to be built anew.
        """
        ...

    async def drop(self, generation: str) -> None:
        """Delete a generation; nothing happens where there is none."""
        ...

    async def close(self) -> None:
        """Bring everything to disk and let go."""
        ...


def fingerprint(settings: Settings) -> str:
    """Names the engine that these settings and this release want, not what is in it."""
    parts = (
        __version__,
        LEXICAL_VERSION,
        settings.index.backend,
        settings.index.url,
        settings.index.prefix,
        settings.data_dir,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
