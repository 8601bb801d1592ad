"""What an index is: points (vectors of passages, with who may read them) that are searched.

A generation has one or more vectors by name, each an embedding model's, and a point may lack some.

Two adapters implement it, Qdrant Edge and a Qdrant server. One contract suite
(``tests/index/contract.py``) runs against both.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from kb import __version__
from kb.settings import Settings
from kb.types.passages import PassageStanding

DENSE, WORDS, GRAMS = "dense", "words", "grams"
"""Names of the lists that a search consults: a model's vectors, stemmed words (BM25), and character
grams (BM25). Where a generation has vectors of several models, each has a name of its own."""
Ranked = list[tuple[int, float]]
"""Pairs of a point and its score, best first."""
LEXICAL_VERSION = "2"
"""Version of the sparse vectors. Whoever changes what a text's words or grams are raises it, and
every generation is rebuilt."""


class IndexPoint(msgspec.Struct, frozen=True):
    """A chunk on its way into the index.

    ``vectors`` are float32 bytes by the generation's names, at least one; ``language`` is an ISO
    639-1 code; ``readers`` are reader tokens, never empty.
    """

    id: int
    vectors: dict[str, bytes]
    text: str
    language: str | None
    readers: list[str]


class AskedBy(msgspec.Struct, frozen=True):
    """A question as one model embeds it: its ``vector``, as float32 bytes.

    ``unrelated`` and ``related`` are the model's cosines of unrelated pairs of question and passage
    and of right ones. ``languages`` are those that it knows (ISO 639-1), None: all. ``understood``:
    it knows the question. ``as_passage``: it embeds a question as it does a passage.
    """

    vector: bytes
    unrelated: float = 0.0
    related: float = 1.0
    languages: list[str] | None = None
    understood: bool = True
    as_passage: bool = True


class IndexQuery(msgspec.Struct, frozen=True):
    """A question that is put to every list at once, for at most ``limit`` points each.

    ``vectors`` are the question's, by the generation's names: those of the models that know it. By
    the first of them similarities are told. While a question is being embedded, it is asked without
    any: only words and grams are searched. ``lists`` are the lists that such an earlier call gave;
    they are not searched again.

    ``fused``: the lists are made one; that needs a vector.

    ``only`` limits the search to these points; empty: all that the readers may see.
    """

    vectors: dict[str, AskedBy]
    text: str
    readers: list[str]
    limit: int
    fused: bool = False
    lists: dict[str, Ranked] = {}
    only: list[int] = []


class Hits(msgspec.Struct, frozen=True):
    """What a search found, best first: points with scores, in ``lists`` by name or ``fused``.

    A fused score is about 1 for a passage that is right by its vectors, and about 0 for one that
    has nothing to do with the question; it may be below 0, and beyond 1.

    ``standing`` says more of the best fused points, by the question as it was asked: a fused score
    is by one that was moved towards the best passages.

    ``language`` is the question's (ISO 639-1), ``similarity`` the cosine of each fused point with
    the question in the first model of the query (of a point that has no vector of it: what another
    model's comes to there). ``exhausted``: no list has more points than these.
    """

    language: str
    lists: dict[str, Ranked] = {}
    fused: Ranked = []
    similarity: dict[int, float] = {}
    standing: dict[int, PassageStanding] = {}
    exhausted: bool = False


class Index(Protocol):
    """A set of generations: each is a whole index by itself, and one of them is searched.

    Every method is safe to repeat. It raises ``UsageError`` for a filter without tokens (it would
    match everything), ``EngineError`` where the engine fails, ``DamagedError`` where its files are
    damaged.
    """

    async def create(self, generation: str, dimensions: Mapping[str, int]) -> None:
        """Make an empty generation, with vectors of these names; one that exists stays."""
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
        """Replace the reader tokens of points; those that are not there are no error."""
        ...

    async def set_languages(self, generation: str, languages: Mapping[str, Sequence[int]]) -> None:
        """Name the language (ISO 639-1) of points; those that are not there are no error."""
        ...

    async def query(self, generation: str, query: IndexQuery) -> Hits:
        """Search every list in one batch, filtered by reader tokens."""
        ...

    async def readers(self, generation: str, after: int | None, limit: int) -> dict[int, list[str]]:
        """The next ``limit`` points beyond ``after``, in order, with their reader tokens."""
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
    """Name of the index process that these settings and this release want: 32 hexadecimal digits.

    What is in the index is no part of it.
    """
    parts = (
        __version__,
        LEXICAL_VERSION,
        settings.index.backend,
        settings.index.url,
        settings.index.prefix,
        settings.data_dir,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
