"""Texts to vectors. The only file that imports sentence_transformers, and only in the embedder.

Everybody else holds an :class:`Embeddings`, which calls that process.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kb import models
from kb.engines.calling import EngineClient
from kb.settings import Embedding, Settings

PAIRS = (
    ("The meeting is on Monday morning.", "Die Besprechung ist am Montagmorgen."),
    ("The bridge was closed for repairs.", "Le pont a été fermé pour des réparations."),
    ("Children under six travel free of charge.", "I bambini sotto i sei anni viaggiano gratis."),
    ("She bought bread and milk.", "Compró pan y leche."),
)
"""Sentences and their translations: a multilingual model puts each pair close together."""


def fingerprint(settings: Embedding) -> str:
    """Names everything that a vector depends on."""
    files = models.find(settings)
    parts = (files.digest, _dtype(settings), settings.query_prompt, settings.passage_prompt)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _dtype(settings: Embedding) -> str:
    if settings.dtype != "auto":
        return settings.dtype
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text() if cpuinfo.exists() else ""
    return "bfloat16" if "avx512_bf16" in flags or "amx_bf16" in flags else "float32"


@dataclass(frozen=True, slots=True)
class QueryVector:
    """A question's vector (float32 bytes, normalised), and whether the model knows its language."""

    vector: bytes
    understood: bool


FOREIGN_FERTILITY = 1.5
"""Word pieces per word from which an English-only model is out of its depth (English: 1.0 to 1.4,
other languages 1.6 and more, measured on xquad-pool-dev)."""


class Embeddings:
    """The embedder, from any process."""

    def __init__(self, settings: Settings) -> None:
        self.fingerprint = fingerprint(settings.embedding)
        self.files = models.find(settings.embedding)
        shared = settings.engines.embedder_dir
        self._engine = EngineClient(
            "embedder",
            "kb.engines.embedder",
            settings,
            self.fingerprint,
            Path(shared) if shared else None,
        )

    async def query(self, text: str) -> QueryVector:
        """Embed a question; overtakes bulk work."""
        answer = await self._engine.call("embed_query", seconds=60, text=text)
        understood = answer["multilingual"] or answer["fertility"] < FOREIGN_FERTILITY
        return QueryVector(answer["vector"], understood)

    async def texts(self, texts: list[str]) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """Embed a few texts that somebody waits for: float32 (n, dimension), normalised."""
        vectors = await self._engine.call("embed_texts", seconds=60, texts=texts)
        return np.stack([np.frombuffer(v, dtype="<f4") for v in vectors])

    async def passages(self, texts: list[str]) -> list[bytes]:
        """Embed many passages: float32 bytes each."""
        return list(await self._engine.call("embed_passages", seconds=3600, texts=texts))

    @property
    def engine(self) -> EngineClient:
        """The process behind it."""
        return self._engine


class Model:
    """The model itself; lives in the embedder process."""

    def __init__(self, settings: Embedding) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"
        import torch
        from sentence_transformers import SentenceTransformer

        if settings.threads:
            torch.set_num_threads(settings.threads)
        self._torch = torch
        self._settings = settings
        self._files = models.find(settings)
        self._dtype = _dtype(settings)
        self._model = SentenceTransformer(
            str(self._files.folder),
            device="cpu",
            local_files_only=True,
            model_kwargs={"dtype": getattr(torch, self._dtype)},
        )
        self._model.eval()
        self._counter = models.TokenCounter(self._files)
        self.multilingual = self._is_multilingual()

    def as_query(self, text: str) -> str:
        """With the prompt that the model wants before questions."""
        return self._settings.query_prompt + text

    def as_passage(self, text: str) -> str:
        """With the prompt that the model wants before passages."""
        return self._settings.passage_prompt + text

    def encode(self, texts: list[str]) -> list[bytes]:
        """Normalised float32 vectors as bytes, in the order of the texts."""
        with self._torch.inference_mode():
            vectors = self._model.encode(
                texts,
                batch_size=64,
                convert_to_numpy=False,
                convert_to_tensor=True,
                normalize_embeddings=False,
                show_progress_bar=False,
            )
            unit = self._torch.nn.functional.normalize(vectors.float(), dim=1)
        return [v.tobytes() for v in unit.numpy()]

    def slices(self, texts: list[str], tokens: int) -> list[list[int]]:
        """Indices of the texts in slices of like length, ``tokens`` padded tokens at most each."""
        lengths = self._counter.count_all(texts)
        slices: list[list[int]] = []
        current: list[int] = []
        for index in sorted(range(len(texts)), key=lengths.__getitem__, reverse=True):
            if current and (len(current) + 1) * max(lengths[current[0]], 8) > tokens:
                slices.append(current)
                current = []
            current.append(index)
        return [*slices, current] if current else slices

    def fertility(self, text: str) -> float:
        """Word pieces per word."""
        words = re.findall(r"\w+", text)
        return self._counter.count(" ".join(words)) / max(1, len(words))

    def describe(self) -> dict[str, object]:
        """Name, digest and shape, for the register and for reports."""
        return {
            "name": self._files.name,
            "digest": self._files.digest,
            "dtype": self._dtype,
            "max_tokens": self._files.max_tokens,
            "dimension": self._model.get_embedding_dimension(),
            "multilingual": self.multilingual,
        }

    def _is_multilingual(self) -> bool:
        left = self._matrix([a for a, _ in PAIRS])
        right = self._matrix([b for _, b in PAIRS])
        cosines = left @ right.T
        pairs = float(np.mean(np.diag(cosines)))
        return pairs > 0.7

    def _matrix(self, texts: list[str]) -> Any:
        return np.stack([np.frombuffer(v, dtype="<f4") for v in self.encode(texts)])
