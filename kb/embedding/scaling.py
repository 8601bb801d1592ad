"""Measures a model's scale (:mod:`kb.embedding.scale`) on pairs that come with the package.

They are twelve matters that have nothing to do with one another, each as a passage and a question
in five languages (``pairs.json``, written for this). Two of different matters are unrelated.
"""

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from kb.embedding import models, scale
from kb.embedding.encoder import Model, met
from kb.embedding.scale import Readings, Scale
from kb.settings import Embedding

AT_ONCE = 8
"""Texts that are embedded in one batch."""
KNOWN = 1.8
"""Right pairs lie so many standard deviations above unrelated ones in a language that a model
knows (English in MiniLM 4.0, five languages in multilingual-e5-small 2.4 to 2.8; languages that
MiniLM does not know .7 to 1.3)."""
FOREIGN = 0.8
"""So far on the way from what known languages need, pieces a word, to what the next other one does
a text counts as foreign: names and terms need more pieces in a known language, too. In MiniLM that
is 1.49; of xquad-pool-dev's questions .97 of the English ones lie below, .06 of the German ones."""
Matrix = NDArray[Any]
log = logging.getLogger("kb.embedding")


class ScalePair(msgspec.Struct, frozen=True):
    """A question and the passage that answers it."""

    topic: str
    language: str
    question: str
    passage: str


@cache
def pairs() -> tuple[ScalePair, ...]:
    """The built-in pairs."""
    return msgspec.json.decode(scale.PAIRS.read_bytes(), type=tuple[ScalePair, ...])


def scale_of(model: Model, settings: Embedding, folder: Path) -> Scale:
    """The model's scale: as it is kept, or measured now and kept.

    One process of a host at a time measures. Where it cannot be kept, it holds for this process,
    and the log says why.
    """
    found = None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with models.alone(scale.file_of(settings, folder).with_suffix(".lock")):
            found = scale.kept(settings, folder)
            if found is None:
                found = measured(model)
                scale.keep(settings, folder, found)
    except OSError as error:
        log.warning("the scale of the embedding model cannot be kept: %s", error)
    return found or measured(model)


def measured(model: Model) -> Scale:
    """Measure a model's scale."""
    passages = _vectors(model, [model.as_passage(p.passage) for p in pairs()])
    questions = _vectors(model, [model.as_query(p.question) for p in pairs()])
    near = questions @ passages.T
    languages = _known(near)
    unrelated, readings = _unrelated(languages), _readings(model, near, languages)
    return Scale(
        floor=_rounded(near[unrelated].mean()),
        spread=_rounded(near[unrelated].std()),
        texts=_rounded((passages @ passages.T)[unrelated].mean()),
        unrelated=readings[0],
        related=readings[1],
        languages=languages,
        multilingual=len(languages) == len(_languages()),
        fertility=_rounded(_fertility(model, languages)),
    )


def _vectors(model: Model, texts: Sequence[str]) -> Matrix:
    parts = (texts[i : i + AT_ONCE] for i in range(0, len(texts), AT_ONCE))
    return np.concatenate([model.runtime.vectors(part) for part in parts])


def _languages() -> tuple[str, ...]:
    return tuple(dict.fromkeys(p.language for p in pairs()))


def _in(languages: Sequence[str]) -> Matrix:
    return np.array([p.language in languages for p in pairs()])


def _unrelated(languages: Sequence[str]) -> Matrix:
    """Which pairs of question and passage are of different matters, in these languages."""
    topics = np.array([p.topic for p in pairs()])
    inside = _in(languages)[:, None] & _in(languages)[None]
    different: Matrix = (topics[:, None] != topics[None]) & inside
    return different


def _known(near: Matrix) -> tuple[str, ...]:
    """The languages in which right pairs stand out; the best one where they do in none."""
    standing = {language: _stands_out(near, language) for language in _languages()}
    known = tuple(language for language, value in standing.items() if value >= KNOWN)
    return known or (max(standing, key=lambda one: standing[one]),)


def _stands_out(near: Matrix, language: str) -> float:
    """How far right pairs lie above unrelated ones, in standard deviations of these."""
    unrelated = near[_unrelated([language])]
    right = np.diag(near)[_in([language])]
    return float((right.mean() - unrelated.mean()) / max(unrelated.std(), 1e-6))


def _readings(model: Model, near: Matrix, languages: Sequence[str]) -> tuple[Readings, Readings]:
    """What evidence would read of unrelated pairs, and of right ones."""
    asked, held = _pieces(model, languages)
    found = []
    for which in (_unrelated(languages), np.diag(_in(languages))):
        read = [
            (near[question, passage], *met(asked[question], held[passage]))
            for question, passage in np.argwhere(which)
        ]
        cosine, mean, least = (_rounded(value) for value in np.mean(read, axis=0))
        found.append(Readings(cosine=cosine, met=mean, least=least))
    return found[0], found[1]


def _pieces(model: Model, languages: Sequence[str]) -> tuple[dict[int, Any], dict[int, Any]]:
    """By the number of a pair, the word pieces of its question and passage."""
    asked: dict[int, Any] = {}
    held: dict[int, Any] = {}
    numbers = [int(n) for n in np.flatnonzero(_in(languages))]
    for i in range(0, len(numbers), AT_ONCE):
        part = numbers[i : i + AT_ONCE]
        questions, passages = model.pieces(
            [pairs()[n].question for n in part], [pairs()[n].passage for n in part]
        )
        asked |= dict(zip(part, questions, strict=True))
        held |= dict(zip(part, passages, strict=True))
    return asked, held


def _fertility(model: Model, languages: Sequence[str]) -> float:
    """From how many word pieces a word on a text is in another language than the known ones."""
    needed = {one: _pieces_a_word(model, one) for one in _languages()}
    known = max(needed[one] for one in languages)
    others = min((value for one, value in needed.items() if one not in languages), default=known)
    return known + FOREIGN * (others - known)


def _pieces_a_word(model: Model, language: str) -> float:
    texts = [p.question for p in pairs() if p.language == language]
    return model.fertility(" ".join(texts))


def _rounded(value: float) -> float:
    """To four digits: number formats differ in the last ones."""
    return round(float(value), 4)
