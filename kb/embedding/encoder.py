"""The embedding model as the embedder uses it, whatever computes it.

It lives in the embedder process; everybody else calls it through :mod:`kb.embedding.client`.
"""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from kb.embedding.folders import damaged
from kb.embedding.models import ModelFiles, counter_of
from kb.embedding.runtimes import MATCHED_AT_ONCE, Runtime, Vectors, finite


class Model:
    """A sentence-transformers model in memory. Every method may be called from several threads.

    ``runtime`` computes it, and may be replaced at any time by another one of the same model.
    """

    def __init__(self, files: ModelFiles, runtime: Runtime) -> None:
        self.runtime = runtime
        self._files = files
        self._counter = counter_of(files)
        self._matching = ThreadPoolExecutor(MATCHED_AT_ONCE, "matching")

    @property
    def computed_by(self) -> str:
        """The model, what computes it, and in which number format."""
        return f"{self._files.name}, {self.runtime.name} {self.runtime.dtype}"

    @property
    def asks_as_passage(self) -> bool:
        """Whether a question is embedded as a passage is: with the same prompt, or none."""
        return self._files.query_prompt == self._files.passage_prompt

    def as_query(self, text: str) -> str:
        """A question with the prompt that the model wants before it."""
        return self._files.query_prompt + text

    def as_passage(self, text: str) -> str:
        """A passage with the prompt that the model wants before it."""
        return self._files.passage_prompt + text

    def encode(self, texts: Sequence[str], *, bulk: bool = False) -> list[bytes]:
        """Vectors (normalised float32 bytes) of one batch, in the order of the texts.

        Raises:
            ConfigurationError: the model gives no numbers for some text: its weights are damaged.
        """
        found = self.runtime.vectors(texts, bulk=bulk)
        if not finite(found):
            raise damaged(self._files.weights, "what it computes are no numbers")
        return [vector.tobytes() for vector in found]

    def matches(self, question: str, texts: Sequence[str]) -> list[tuple[float, float]]:
        """How well the question's word pieces are met by each text (late interaction).

        Of each piece the best cosine with a piece of the text counts. Given are the mean over all
        pieces, and the mean over the worst quarter of them. Prompts are read by the model, and
        their own pieces left out.
        """
        written = [self.as_query(question), *map(self.as_passage, texts)]
        found = list(self._matching.map(self._pieces, written))
        asked = self._without(self._files.query_prompt, found[:1])[0]
        return [met(asked, held) for held in self._without(self._files.passage_prompt, found[1:])]

    def pieces(self, questions: Sequence[str], passages: Sequence[str]) -> list[list[Vectors]]:
        """The vectors of the word pieces of questions, and those of passages, without prompts'."""
        return [
            self._without(prompt, self.runtime.pieces([prompt + text for text in texts]))
            for prompt, texts in (
                (self._files.query_prompt, questions),
                (self._files.passage_prompt, passages),
            )
        ]

    def _without(self, prompt: str, pieces: Sequence[Vectors]) -> list[Vectors]:
        first = self._counter.count(prompt.strip())
        return [one[first:] for one in pieces]

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
        }


def met(asked: Any, text: Any) -> tuple[float, float]:
    """How well pieces of a question are met by those of a text: mean, and worst quarter."""
    if not len(asked) or not len(text):
        return 0.0, 0.0
    best = np.sort((asked @ text.T).max(axis=1))
    return float(best.mean()), float(best[: max(1, len(best) // 4)].mean())
