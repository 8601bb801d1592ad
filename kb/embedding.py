"""Texts to vectors, from any process: an :class:`Embeddings` calls the embedder.

The model itself is in :mod:`kb.encoder`, which that process alone imports.
"""

import hashlib
import math
from array import array
from dataclasses import dataclass
from pathlib import Path

from kb import __version__, models
from kb.engines.calling import EngineClient
from kb.settings import Embedding, Settings


def fingerprint(settings: Embedding) -> str:
    """Names everything that a vector depends on.

    The number format is none of it: a vector that another processor computed is as good (a test
    compares them). All are named as float32's always were.
    """
    return _fingerprint(settings, "float32")


def earlier_fingerprints(settings: Embedding) -> tuple[str, ...]:
    """What vectors of this model were called when their number format was part of their name."""
    return (_fingerprint(settings, "bfloat16"),)


def _fingerprint(settings: Embedding, dtype: str) -> str:
    files = models.find(settings)
    parts = (files.digest, dtype, settings.query_prompt, settings.passage_prompt)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def engine_fingerprint(settings: Embedding) -> str:
    """Names the process that these settings and this release want."""
    return f"{fingerprint(settings)}-{dtype_of(settings)}-{__version__}"


def dtype_of(settings: Embedding) -> str:
    """The number format that the model computes in."""
    if settings.dtype != "auto":
        return settings.dtype
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text() if cpuinfo.exists() else ""
    return "bfloat16" if "avx512_bf16" in flags or "amx_bf16" in flags else "float32"


FOREIGN_FERTILITY = 1.5
"""Word pieces per word from which an English-only model is out of its depth (English: 1.0 to 1.4,
other languages 1.6 and more, measured on xquad-pool-dev)."""


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
        self.fingerprint = fingerprint(settings.embedding)
        self.earlier = earlier_fingerprints(settings.embedding)
        self.files = models.find(settings.embedding)
        shared = settings.engines.embedder_dir
        self._engine = EngineClient(
            "embedder",
            "kb.engines.embedder",
            settings,
            engine_fingerprint(settings.embedding),
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
