"""Texts to vectors, from any process: an :class:`Embeddings` calls the embedder.

The model itself is in :mod:`kb.embedding.encoder`, which that process alone imports.
"""

import math
from array import array
from dataclasses import dataclass
from pathlib import Path

from kb.embedding import models
from kb.embedding.models import FOREIGN_FERTILITY
from kb.engines.calling import EngineClient
from kb.settings import Settings


@dataclass(frozen=True, slots=True)
class QueryVector:
    """A question's vector (float32 bytes, normalised), and what the model makes of its words.

    ``fertility`` is word pieces per word; ``languages`` are those that the model is known to know.
    """

    vector: bytes
    fertility: float
    languages: tuple[str, ...] = ()
    multilingual: bool = False

    @property
    def familiar(self) -> bool:
        """Whether the model knows the words; rare names of its own language are not among them."""
        return self.multilingual or self.fertility < FOREIGN_FERTILITY

    def understood(self, language: str) -> bool:
        """Whether the model knows the question's language (ISO 639-1, as it was detected)."""
        return self.familiar or language in self.languages


def cosine(left: bytes, right: bytes) -> float:
    """Of two normalised float32 vectors; without numpy, which the web process does not load."""
    return math.fsum(a * b for a, b in zip(array("f", left), array("f", right), strict=True))


class Embeddings:
    """The embedder, from any process."""

    def __init__(self, settings: Settings) -> None:
        self.fingerprint = models.fingerprint(settings.embedding)
        self.earlier = models.earlier_fingerprints(settings.embedding)
        self.files = models.find(settings.embedding)
        shared = settings.engines.embedder_dir
        self._engine = EngineClient(
            "embedder",
            "kb.embedding.process",
            settings,
            models.engine_fingerprint(settings.embedding),
            Path(shared) if shared else None,
        )

    async def query(self, text: str) -> QueryVector:
        """Embed a question; overtakes bulk work."""
        answer = await self._engine.call("embed_query", seconds=60, text=text)
        return QueryVector(
            answer["vector"],
            answer["fertility"],
            tuple(answer["languages"]),
            answer["multilingual"],
        )

    async def texts(self, texts: list[str]) -> list[bytes]:
        """Embed a few texts that somebody waits for: normalised float32 bytes each."""
        return list(await self._engine.call("embed_texts", seconds=60, texts=texts))

    async def matches(self, question: str, texts: list[str]) -> list[tuple[float, float]]:
        """How well a question's word pieces are met by each text: all, and the worst quarter."""
        found = await self._engine.call("match", seconds=60, question=question, texts=texts)
        return [(mean, least) for mean, least in found]

    async def passages(self, texts: list[str]) -> list[bytes]:
        """Embed many passages: float32 bytes each."""
        return list(await self._engine.call("embed_passages", seconds=3600, texts=texts))

    @property
    def engine(self) -> EngineClient:
        """The process behind it."""
        return self._engine
