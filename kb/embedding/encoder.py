"""The embedding model as the embedder uses it, whatever computes it.

It lives in the embedder process; everybody else calls it through :mod:`kb.embedding.client`.
"""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from kb.embedding.models import FOREIGN_FERTILITY, ModelFiles, counter_of
from kb.embedding.runtimes import MATCHED_AT_ONCE, Runtime, Vectors
from kb.settings import Embedding

TRANSLATED = {
    "de": ("The meeting is on Monday morning.", "Die Besprechung ist am Montagmorgen."),
    "fr": ("The bridge was closed for repairs.", "Le pont a été fermé pour des réparations."),
    "it": (
        "Children under six travel free of charge.",
        "I bambini sotto i sei anni viaggiano gratis.",
    ),
    "es": ("She bought bread and milk.", "La señora compró pan y leche."),
}
"""English sentences and their translations: a multilingual model puts each pair close together."""


class Model:
    """A sentence-transformers model in memory. Every method may be called from several threads.

    ``runtime`` computes it, and may be replaced at any time by another one of the same model.
    """

    def __init__(self, settings: Embedding, files: ModelFiles, runtime: Runtime) -> None:
        self.runtime = runtime
        self._files = files
        self._settings = settings
        self._counter = counter_of(files)
        self._matching = ThreadPoolExecutor(MATCHED_AT_ONCE, "matching")
        self.multilingual = self._is_multilingual()
        self.languages = self._languages()

    @property
    def computed_by(self) -> str:
        """The model, what computes it, and in which number format."""
        return f"{self._files.name}, {self.runtime.name} {self.runtime.dtype}"

    def as_query(self, text: str) -> str:
        """A question with the prompt that the model wants before it."""
        return self._settings.query_prompt + text

    def as_passage(self, text: str) -> str:
        """A passage with the prompt that the model wants before it."""
        return self._settings.passage_prompt + text

    def encode(self, texts: Sequence[str], *, bulk: bool = False) -> list[bytes]:
        """Vectors (normalised float32 bytes) of one batch, in the order of the texts."""
        return [vector.tobytes() for vector in self.runtime.vectors(texts, bulk=bulk)]

    def matches(self, question: str, texts: Sequence[str]) -> list[tuple[float, float]]:
        """How well the question's word pieces are met by each text (late interaction).

        Of each piece the best cosine with a piece of the text counts. Given are the mean over all
        pieces, and the mean over the worst quarter of them.
        """
        asked, *others = self._matching.map(self._pieces, [question, *texts])
        return [_met(asked, other) for other in others]

    def _pieces(self, text: str) -> Vectors:
        """By itself: beside a passage a question would be computed at the passage's length."""
        [found] = self.runtime.pieces([text])
        return found

    def count(self, texts: list[str]) -> list[int]:
        """Word pieces of each text."""
        return self._counter.count_all(texts)

    def fertility(self, text: str) -> float:
        """Word pieces per word."""
        words = re.findall(r"\w+", text)
        return self._counter.count(" ".join(words)) / max(1, len(words))

    def describe(self) -> dict[str, object]:
        """Name, digest and shape, for the register and for reports."""
        return {
            "name": self._files.name,
            "digest": self._files.digest,
            "runtime": self.runtime.name,
            "dtype": self.runtime.dtype,
            "max_tokens": self._files.max_tokens,
            "dimension": self.runtime.dimension,
            "multilingual": self.multilingual,
            "languages": self.languages,
        }

    def _is_multilingual(self) -> bool:
        left = self.runtime.vectors([a for a, _ in TRANSLATED.values()])
        right = self.runtime.vectors([b for _, b in TRANSLATED.values()])
        pairs = float(np.mean(np.sum(left * right, axis=1)))
        return pairs > 0.7

    def _languages(self) -> list[str]:
        """Languages (ISO 639-1) that the tokenizer splits into few pieces per word.

        The model was trained on these. A short question with a rare name is often taken for another
        language; it then still counts as one of these.
        """
        english = " ".join(sentence for sentence, _ in TRANSLATED.values())
        samples = {"en": english} | {lang: text for lang, (_, text) in TRANSLATED.items()}
        return [lang for lang, text in samples.items() if self.fertility(text) < FOREIGN_FERTILITY]


def _met(asked: Any, text: Any) -> tuple[float, float]:
    if not len(asked) or not len(text):
        return 0.0, 0.0
    best = np.sort((asked @ text.T).max(axis=1))
    return float(best.mean()), float(best[: max(1, len(best) // 4)].mean())
