"""Texts to vectors, from any process: :class:`Embeddings` calls the embedder process.

The models themselves are in :mod:`kb.embedding.hosted`, which the embedder alone imports.
"""

import asyncio
import math
import threading
from array import array
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from kb.embedding import chosen, models
from kb.embedding.computing import Computing, computing_of
from kb.embedding.distance.client import DistantEmbedder, HostStanding
from kb.embedding.questions import QueryVector, QuestionVectors
from kb.embedding.record import Record
from kb.embedding.scale import Scale
from kb.embedding.used import EmbedderCaller, Use, UsedModel, use_of
from kb.errors import ConfigurationError, RetryableError
from kb.settings import Embedding, Settings


def cosine(left: bytes, right: bytes) -> float:
    """The cosine of two normalised float32 vectors; without numpy, which the web does not load."""
    return math.fsum(a * b for a, b in zip(array("f", left), array("f", right), strict=True))


class Embeddings:
    """The embedder, as every other process calls it.

    Which models it has, the settings say; where they leave it open, whoever knows what the index
    was built with (:meth:`follow`).
    """

    def __init__(self, settings: Settings) -> None:
        self._given = settings
        self._scales: dict[str, Scale] = {}
        self._dimensions: dict[str, int] = {}
        self._others: dict[tuple[str, ...], Embeddings] = {}
        self._use = use_of(settings)

    def follow(self, names: Sequence[str]) -> bool:
        """Use the models that the index was built with, where the settings name none.

        Returns whether others were used until now. It may be called from any thread.

        Raises:
            ConfigurationError: a model is not here.
        """
        if chosen.named(self._given.embedding) or tuple(names) == self.names:
            return False
        embedding = chosen.using(self._given.embedding, names)
        self._use = use_of(msgspec.structs.replace(self._given, embedding=embedding))
        return True

    def using(self, names: Sequence[str]) -> "Embeddings":
        """A client like this one with other models, in a process of their own.

        Raises:
            ConfigurationError: a model is not here.
        """
        wanted = tuple(names)
        if wanted == self.names:
            return self
        if wanted not in self._others:
            embedding = chosen.using(self._given.embedding, wanted)
            settings = msgspec.structs.replace(self._given, embedding=embedding)
            self._others[wanted] = Embeddings(settings)
        return self._others[wanted]

    async def close(self) -> None:
        """Close the connections; the processes stay."""
        await self.engine.close()
        for other in self._others.values():
            await other.close()

    @property
    def given(self) -> Settings:
        """The settings as they were given: they may name no model."""
        return self._given

    @property
    def settings(self) -> Settings:
        """The settings, with the models named that are used."""
        return self._use.settings

    @property
    def models(self) -> tuple[UsedModel, ...]:
        """The models that are used, at least one."""
        return self._use.models

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the models that are used, as the settings or the index name them."""
        return chosen.named(self._use.settings.embedding)

    @property
    def first(self) -> UsedModel:
        """The model by whose word pieces passages are cut."""
        return self._use.models[0]

    @property
    def engine(self) -> EmbedderCaller:
        """Who is called: the embedder process of this host, or those of others."""
        return self._use.engine

    async def query(self, text: str) -> QuestionVectors:
        """A question's vector in every model; it overtakes bulk work."""
        use = self._use
        answer = await use.engine.call("embed_query", seconds=60, text=text)
        return QuestionVectors(
            {m.fingerprint: _query_vector(answer[m.fingerprint]) for m in use.models}
        )

    async def questions(self, texts: list[str], model: str = "") -> list[bytes]:
        """Vectors (normalised float32 bytes) of many questions, as bulk work, in order.

        ``model`` is a fingerprint; empty: the first model.
        """
        return list(await self._call("embed_questions", model, 3600, texts=texts))

    async def texts(self, texts: list[str], model: str = "") -> list[bytes]:
        """Vectors (normalised float32 bytes) of a few passages, or parts of passages, in order.

        Somebody waits for them: they overtake bulk work. ``model`` is as in :meth:`questions`.
        """
        return list(await self._call("embed_texts", model, 60, texts=texts))

    async def matches(
        self, question: str, texts: list[str], model: str = ""
    ) -> list[tuple[float, float]]:
        """How well a question's word pieces are met by each text (see ``Model.matches``)."""
        found = await self._call("match", model, 60, question=question, texts=texts)
        return [(mean, least) for mean, least in found]

    async def leaning(self, question: str, language: str, model: str = "") -> float:
        """How far a question in a language leans to those that no documents are asked.

        A difference of cosines (``kb.embedding.elsewhere``); ``model`` as in :meth:`questions`.
        """
        call = "leaning"
        return float(await self._call(call, model, 60, question=question, language=language))

    async def passages(self, texts: list[str], processors: int = 0, model: str = "") -> list[bytes]:
        """Vectors (normalised float32 bytes) of many passages, in order.

        The embedder's bulk work keeps to as many ``processors`` from now on; 0: to all. ``model``
        is as in :meth:`questions`.
        """
        found = await self._call("embed_passages", model, 3600, texts=texts, processors=processors)
        return list(found)

    async def scale(self, model: str = "") -> Scale:
        """A model's scale; measured now, where it never was. ``model`` as in :meth:`questions`.

        Raises:
            RetryableError: the model is not used any more.
        """
        use, wanted = self._asked(model)
        if wanted not in self._scales:
            for key, told in (await _described(use)).items():
                self._scales[key] = msgspec.convert(told["scale"], Scale)
        return self._scales[wanted]

    async def for_language(self, language: str | None) -> tuple[UsedModel, ...]:
        """The models that embed passages in a language (ISO 639-1; None: it is unknown).

        They are those that know it; where none does, all: no passage is without a vector.
        """
        models = self.models
        if len(models) == 1:
            return models
        scales = [await self.scale(model.fingerprint) for model in models]
        known = (m for m, scale in zip(models, scales, strict=True) if scale.knows(language))
        return tuple(known) or models

    async def dimensions(self) -> dict[str, int]:
        """How many numbers a vector of each model has, by its fingerprint."""
        used = [model.fingerprint for model in self.models]
        if not set(used) <= set(self._dimensions):
            told = await self.describe()
            self._dimensions |= {key: int(one["dimension"]) for key, one in told.items()}
        return {key: self._dimensions[key] for key in used}

    def know_dimensions(self, known: Mapping[str, int]) -> None:
        """Take over what is known of models, by their fingerprints: the embedder is not asked."""
        self._dimensions = {**known, **self._dimensions}

    async def describe(self) -> dict[str, dict[str, Any]]:
        """What the embedder says of each model, by its fingerprint."""
        return await _described(self._use)

    async def computing(self) -> tuple[Computing, ...]:
        """What computes the vectors, or would: the embedder is asked only where it runs."""
        use = self._use
        told = await use.engine.call_where_it_runs("describe") or {}
        return tuple(computing_of(use.settings, m, told.get(m.fingerprint)) for m in use.models)

    async def hosts(self, seconds: float = 10.0) -> list[HostStanding]:
        """How the embedders of other hosts stand, by what they say in so many ``seconds``."""
        engine = self._use.engine
        return await engine.standing(seconds) if isinstance(engine, DistantEmbedder) else []

    async def measure(self) -> dict[str, Record]:
        """Measure every runtime and number format here, again; the best is used from now on.

        Returns what was measured of each model, by its fingerprint. Who stops it ends what is
        being tried, and what was measured before stays.

        Raises:
            ConfigurationError: this host does not embed.
            OSError: what was measured cannot be kept.
            RetryableError: a signal from elsewhere stopped what was being tried.
        """
        self._check_embeds()
        from kb.embedding import choosing  # numpy, which the web does not load

        folder, found, stopping = models.derived_dir(self.settings), {}, threading.Event()
        measure = partial(choosing.measure, folder=folder, every=True, stopping=stopping)
        try:
            for model in self.models:
                found[model.fingerprint] = await asyncio.to_thread(measure, model.settings)
        finally:
            stopping.set()
        await self.engine.leave()
        return found

    async def optimise(self) -> dict[str, Path]:
        """Make the 8-bit file of each model, by ranges that are measured for it.

        Returns the files by the models' fingerprints.

        Raises:
            ConfigurationError: only torch can run a model, or there is no OpenVINO; or this host
                does not embed.
            OSError: a file cannot be written.
        """
        self._check_embeds()
        from kb.embedding import opening  # numpy, which the web does not load

        folder = models.derived_dir(self.settings)
        return {
            model.fingerprint: await asyncio.to_thread(opening.optimise, model.settings, folder)
            for model in self.models
        }

    def named(self, model: str) -> Embedding:
        """The settings of a model alone, had they named it."""
        return chosen.alone(self._given.embedding, model)

    def _check_embeds(self) -> None:
        if self._given.engines.embedder_url:
            raise ConfigurationError(
                "Other hosts embed for this one (engines.embedder_url). What is fastest is "
                "measured there, by kb models bench.",
                code="embedder_elsewhere",
            )

    async def _call(self, call: str, model: str, seconds: float, **arguments: Any) -> Any:
        use, wanted = self._asked(model)
        return await use.engine.call(call, seconds=seconds, model=wanted, **arguments)

    def _asked(self, model: str) -> tuple[Use, str]:
        """What is used at this moment, and the fingerprint of the model in it that is meant.

        Raises:
            RetryableError: it is not used any more.
        """
        use = self._use
        wanted = model or use.models[0].fingerprint
        if wanted not in {one.fingerprint for one in use.models}:
            raise RetryableError(
                "The index has just been changed to other embedding models. Try again.",
                code="models_changed",
            )
        return use, wanted


async def _described(use: Use) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = await use.engine.call("describe", seconds=60)
    return told


def _query_vector(answer: dict[str, Any]) -> QueryVector:
    return QueryVector(
        answer["vector"],
        answer["fertility"],
        msgspec.convert(answer["scale"], Scale),
        answer["as_passage"],
        answer["computed_by"],
    )
