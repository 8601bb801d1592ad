"""Texts to vectors, from any process: :class:`Embeddings` calls the embedder process.

The model itself is in :mod:`kb.embedding.encoder`, which the embedder alone imports.
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
    """A question's vector (float32 bytes, normalised), and how well the model knows its words.

    ``fertility`` is word pieces per word. ``languages`` are those that the model was trained on
    (ISO 639-1), ``multilingual``: it was trained on many.
    """

    vector: bytes
    fertility: float
    languages: tuple[str, ...] = ()
    multilingual: bool = False

    @property
    def familiar(self) -> bool:
        """Whether the model knows the words. It does not know rare names, in whatever language."""
        return self.multilingual or self.fertility < FOREIGN_FERTILITY

    def understood(self, language: str) -> bool:
        """Whether the model knows the question's language (ISO 639-1, as it was detected)."""
        return self.familiar or language in self.languages


def cosine(left: bytes, right: bytes) -> float:
    """The cosine of two normalised float32 vectors; without numpy, which the web does not load."""
    return math.fsum(a * b for a, b in zip(array("f", left), array("f", right), strict=True))


class Embeddings:
    """The embedder, as every other process calls it."""

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
        """A question's vector; it overtakes bulk work."""
        answer = await self._engine.call("embed_query", seconds=60, text=text)
        return QueryVector(
            answer["vector"],
            answer["fertility"],
            tuple(answer["languages"]),
            answer["multilingual"],
        )

    async def texts(self, texts: list[str]) -> list[bytes]:
        """Vectors (normalised float32 bytes) of a few texts that somebody waits for, in order."""
        return list(await self._engine.call("embed_texts", seconds=60, texts=texts))

    async def matches(self, question: str, texts: list[str]) -> list[tuple[float, float]]:
        """How well a question's word pieces are met by each text (see ``Model.matches``)."""
        found = await self._engine.call("match", seconds=60, question=question, texts=texts)
        return [(mean, least) for mean, least in found]

    async def passages(self, texts: list[str]) -> list[bytes]:
        """Vectors (normalised float32 bytes) of many passages, in order."""
        return list(await self._engine.call("embed_passages", seconds=3600, texts=texts))

    @property
    def engine(self) -> EngineClient:
        """The client of the embedder process."""
        return self._engine
