"""How much a question is like those that people put to anybody, and not to documents.

"Will it snow tomorrow?" lies near some passage of every collection, and small models do not tell
that nearness from one that means something. It lies still nearer to other questions of its kind.
Such questions come with the package (``elsewhere.json``: 48 matters in five languages, written for
this), and evidence reads how far a question leans to them (``kb/answers/evidence.py``). Where the
documents do answer one of them, their nearness outweighs it.

A model's vectors of these questions are computed once, and kept beside what else is derived from
the models.
"""

import hashlib
import io
import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from kb.embedding import models
from kb.embedding.encoder import Model
from kb.settings import Embedding

QUESTIONS = Path(__file__).parent / "elsewhere.json"
NEAREST = 3
"""How many of the questions that are most like one count."""
AT_ONCE = 8
"""Texts that are embedded in one batch."""
Vectors = NDArray[np.floating[Any]]
log = logging.getLogger("kb.embedding")


class OutsideQuestion(msgspec.Struct, frozen=True):
    """A question that no documents are asked, and its language (ISO 639-1)."""

    topic: str
    language: str
    question: str


class Elsewhere:
    """A model's vectors of the built-in questions in the languages that it knows."""

    def __init__(self, vectors: Vectors, languages: Sequence[str]) -> None:
        self._vectors = vectors
        self._languages = np.array(languages)

    def leaning(self, question: bytes, language: str) -> float:
        """How much nearer a question's vector is to its nearest ones than to all in its language.

        The difference of two mean cosines. In a language that no built-in question has, all count.
        """
        near = self._vectors @ np.frombuffer(question, dtype="<f4")
        own = near[self._languages == language]
        among = own if len(own) else near
        return float(np.sort(among)[-NEAREST:].mean() - among.mean())


@cache
def questions() -> tuple[OutsideQuestion, ...]:
    """The built-in questions."""
    return msgspec.json.decode(QUESTIONS.read_bytes(), type=tuple[OutsideQuestion, ...])


def elsewhere_of(
    model: Model, settings: Embedding, languages: Sequence[str], folder: Path
) -> Elsewhere:
    """A model's, as it is kept or computed now, for the languages that it knows.

    Where it cannot be kept, it holds for this process, and the log says why.
    """
    asked = [one for one in questions() if one.language in languages]
    file = file_of(settings, languages, folder)
    vectors = _kept(file, len(asked))
    if vectors is None:
        vectors = _computed(model, [one.question for one in asked])
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            models.write_whole(file, _written(vectors))
        except OSError as error:
            log.warning("the vectors of the built-in questions cannot be kept: %s", error)
    return Elsewhere(vectors, [one.language for one in asked])


def file_of(settings: Embedding, languages: Sequence[str], folder: Path) -> Path:
    """Where they are kept: a name for the model, the questions and the languages."""
    texts = hashlib.sha256(QUESTIONS.read_bytes()).hexdigest()
    made_from = "\0".join((models.fingerprint(settings), texts, *languages))
    return folder / f"elsewhere-{hashlib.sha256(made_from.encode()).hexdigest()[:16]}.npy"


def _computed(model: Model, texts: Sequence[str]) -> Vectors:
    parts = [texts[i : i + AT_ONCE] for i in range(0, len(texts), AT_ONCE)]
    return np.concatenate([model.runtime.vectors([*map(model.as_query, part)]) for part in parts])


def _written(vectors: Vectors) -> bytes:
    content = io.BytesIO()
    np.save(content, vectors.astype(np.float32), allow_pickle=False)
    return content.getvalue()


def _kept(file: Path, count: int) -> Vectors | None:
    """What was kept; None where nothing was, or it is damaged."""
    try:
        found: Vectors = np.load(io.BytesIO(file.read_bytes()), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return found if found.ndim == 2 and len(found) == count and np.isfinite(found).all() else None
