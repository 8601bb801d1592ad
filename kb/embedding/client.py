"""Texts to vectors, from any process: :class:`Embeddings` calls the embedder process.

The model itself is in :mod:`kb.embedding.encoder`, which the embedder alone imports.
"""

import asyncio
import math
from array import array
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kb.embedding import models, record
from kb.embedding.record import Record
from kb.embedding.scale import Scale
from kb.engines.calling import EngineClient
from kb.settings import Embedding, Settings


@dataclass(frozen=True, slots=True)
class QueryVector:
    """A question's vector (float32 bytes, normalised), and how well the model knows its words.

    ``fertility`` is word pieces per word, ``scale`` the model's. ``computed_by`` names model,
    runtime and number format.
    """

    vector: bytes
    fertility: float
    scale: Scale
    computed_by: str = ""

    @property
    def familiar(self) -> bool:
        """Whether the model knows the words. It does not know rare names, in whatever language."""
        return self.scale.multilingual or self.fertility < self.scale.fertility

    def understood(self, language: str) -> bool:
        """Whether the model knows the question's language (ISO 639-1, as it was detected)."""
        return self.familiar or language in self.scale.languages


def cosine(left: bytes, right: bytes) -> float:
    """The cosine of two normalised float32 vectors; without numpy, which the web does not load."""
    return math.fsum(a * b for a, b in zip(array("f", left), array("f", right), strict=True))


@dataclass(frozen=True, slots=True)
class Computing:
    """What computes the vectors here: a runtime and a number format.

    ``rate`` is in passages a second, as measured on this machine. All are None where that has not
    been looked for yet. ``problem`` says why it is not what it should be; empty: it is.
    """

    runtime: str | None = None
    dtype: str | None = None
    rate: float | None = None
    problem: str = ""


class Embeddings:
    """The embedder, as every other process calls it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
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
            msgspec.convert(answer["scale"], Scale),
            answer["computed_by"],
        )

    async def questions(self, texts: list[str]) -> list[bytes]:
        """Vectors (normalised float32 bytes) of many questions, as bulk work, in order."""
        return list(await self._engine.call("embed_questions", seconds=3600, texts=texts))

    async def scale(self) -> Scale:
        """The model's scale; measured now, where it never was."""
        return msgspec.convert((await self._engine.call("describe", seconds=60))["scale"], Scale)

    async def texts(self, texts: list[str]) -> list[bytes]:
        """Vectors (normalised float32 bytes) of a few passages, or parts of passages, in order.

        Somebody waits for them: they overtake bulk work.
        """
        return list(await self._engine.call("embed_texts", seconds=60, texts=texts))

    async def matches(self, question: str, texts: list[str]) -> list[tuple[float, float]]:
        """How well a question's word pieces are met by each text (see ``Model.matches``)."""
        found = await self._engine.call("match", seconds=60, question=question, texts=texts)
        return [(mean, least) for mean, least in found]

    async def passages(self, texts: list[str], processors: int = 0) -> list[bytes]:
        """Vectors (normalised float32 bytes) of many passages, in order.

        The embedder's bulk work keeps to as many ``processors`` from now on; 0: to all.
        """
        found = await self._engine.call(
            "embed_passages", seconds=3600, texts=texts, processors=processors
        )
        return list(found)

    async def computing(self) -> Computing:
        """What computes the vectors, or would: the embedder is asked only where it runs."""
        told = await self._engine.call_where_it_runs("describe")
        wrong = self.files.problem
        if told is not None:
            problem = " ".join(filter(None, (wrong, told["problem"])))
            return Computing(told["runtime"], told["dtype"], told["rate"], problem)
        chosen = self._settings.embedding
        measured = record.kept(chosen, models.derived_dir(self._settings))
        best = None if measured is None else measured.best(chosen)
        if best is None:
            return Computing(problem=wrong)
        return Computing(best.runtime, best.dtype, best.rate, wrong)

    async def measure(self) -> Record:
        """Measure every runtime and number format here, again; the best is used from now on.

        Raises:
            OSError: what was measured cannot be kept.
        """
        from kb.embedding import choosing

        folder = models.derived_dir(self._settings)
        found = await asyncio.to_thread(
            choosing.measure, self._settings.embedding, folder, every=True
        )
        await self._engine.leave()
        return found

    async def optimise(self) -> Path:
        """Make the 8-bit file of the model, by ranges that are measured for it.

        Raises:
            ConfigurationError: only torch can run this model, or there is no OpenVINO.
            OSError: the file cannot be written.
        """
        from kb.embedding import opening

        folder = models.derived_dir(self._settings)
        return await asyncio.to_thread(opening.optimise, self._settings.embedding, folder)

    def named(self, model: str) -> Embedding:
        """The settings, had they named another model."""
        return msgspec.structs.replace(self._settings.embedding, model=model, sha256="")

    @property
    def engine(self) -> EngineClient:
        """The client of the embedder process."""
        return self._engine
