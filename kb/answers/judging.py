"""How sure it is that passages hold the answer: read of them, and judged by fitted constants."""

import asyncio

from kb.answers import evidence, exact
from kb.answers.calibration import Calibration, changed_at, known
from kb.answers.evidence import Evidence
from kb.embedding import models
from kb.embedding.client import Embeddings
from kb.search.retrieval import Found

MATCHED = 3
"""Passages that are compared with the question word piece by word piece."""


class Judge:
    """Judges what was found, by the models and constants that are used now."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._calibrated: tuple[tuple[tuple[str, ...], int], Calibration] | None = None

    async def evident(self, question: str, found: Found) -> Evidence:
        """What the passages tell of whether they hold the answer."""
        return exact.raised(await self._likely(question, found), question, found)

    async def _likely(self, question: str, found: Found) -> Evidence:
        """What the passages tell by likeness, without what exact things tell."""
        asked = evidence.asking(found.asked or question)
        if not found.passages:
            return evidence.NONE
        if not found.understood:
            return evidence.judged_by_words(asked, found.passages)
        read = await self.readings(asked, found)
        return evidence.judged(asked, found.passages, read, self._calibration())

    async def readings(self, asked: str, found: Found) -> evidence.Readings:
        """What is read of passages for a question that a model knows."""
        texts = [f"{p.chunk.title}. {p.text}" for p in found.passages[:MATCHED]]
        met, leaning = await asyncio.gather(
            self._embeddings.matches(asked, texts, found.model),
            self._embeddings.leaning(asked, found.language, found.model),
        )
        matches = [evidence.Match.of(*one, found.scale) for one in met]
        elsewhere = found.scale.apart(leaning)
        return evidence.readings(asked, found.passages, matches, found.scale, elsewhere)

    def _calibration(self) -> Calibration:
        """The constants for the models that are used now; read again when others were fitted."""
        wanted = tuple(model.fingerprint for model in self._embeddings.models)
        folder = models.derived_dir(self._embeddings.settings)
        state = (wanted, changed_at(wanted, folder))
        if self._calibrated is None or self._calibrated[0] != state:
            self._calibrated = state, known(wanted, folder)
        return self._calibrated[1]
