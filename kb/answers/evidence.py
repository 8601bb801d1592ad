"""How sure it is that passages hold the answer to a question, from 0 to 1. Pure.

Readings of the best passages, weighed by one logistic regression over five collections, with
questions from outside and near misses (docs/retrieval.md has the figures): the cosine of question
and passage; from the model's own token vectors (late interaction; Khattab and Zaharia, 2020) how
well each word piece of the question is met on average, by the passage that meets them best and by
the first one, and how well their worst quarter is; and, against it, the share of the question's
words that a title has: it makes every passage beneath it look near.

What a model says is read by its scale (:class:`kb.embedding.scale.Scale`): 0 is what it says of
unrelated texts, 1 what it says of a question and its passage.

A question in a language that the model does not know is judged by its words instead.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kb.embedding.scale import Scale
from kb.text import sentences, words
from kb.types.passages import Passage

Band = Literal["sure", "may", "far"]
"""How an answer is presented: as one, as the nearest passage that may not answer, or not at all."""
SURE: Band = "sure"
MAY: Band = "may"
FAR: Band = "far"
NEAR = 0.02
"""Below this confidence nothing comes near."""
COSINE, MET, FIRST_MET, LEAST, TITLED, BIAS = 3.656, 1.22, 1.196, 0.519, -2.75, -8.013
"""Weights per unit of each reading, and the constant, by which .4 answers .95 of the questions."""
CONSIDERED = 5
FEWEST_ASKING = 4
"""Words after a colon that are a question by themselves."""
FEWEST_WORDS, EVERY, EVERY_WORD = 3, 0.99, 0.45
"""A passage that has every word of a question of so many is at least so sure: tables and notes are
far from any question, and questions from elsewhere hardly ever meet all of their words."""
FOREIGN_COSINE, FOREIGN_COVERAGE = 1.07, 0.5
FOREIGN_STEEPNESS, FOREIGN_SHARE, FOREIGN_BIAS = 8.0, 0.362, -0.405
"""Where the model does not know the language: either of both makes it .4 sure. What a cosine has
more counts ``FOREIGN_SHARE`` of what a coverage does."""


@dataclass(frozen=True, slots=True)
class Match:
    """How well a question's word pieces are met by a passage: on average, and the worst quarter.

    Both by the model's scale.
    """

    mean: float
    least: float

    @classmethod
    def of(cls, mean: float, least: float, scale: Scale) -> "Match":
        """A match as the model gives it (``Model.matches``)."""
        read = scale.read(0.0, mean, least)
        return cls(read.met, read.least)


POOREST = Match(0.992, 0.447)
"""The poorest token match that a good answer was ever seen with. If the confidence reaches
``min_evidence`` even with this match, the real one is not computed, which saves a call of the
embedder. Of 6,173 questions put to five collections this decided 741, each as the full computation
did."""


def asking(question: str) -> str:
    """What of a question asks: without sentences that say how it is to be answered.

    "Use the balance sheet: what is the net debt? Round to millions." asks "what is the net debt?".
    No passage has the rest, and every passage would look poor beside it. What stands in brackets
    belongs to the question before it: a follow-up's words of before are carried over so.
    """
    said = [question[start:end] for start, end in sentences.spans(question)]
    asks = [s for s in said if s.endswith("?")]
    if not asks or any(s[:1].islower() for s in said[1:]):
        return question
    asked = " ".join(s for s in said if s in asks or s.startswith("("))
    _, colon, after = asked.rpartition(": ")
    return after if colon and len(after.split()) >= FEWEST_ASKING else asked


def confidence(
    question: str, passages: Sequence[Passage], matches: Sequence[Match], scale: Scale
) -> float:
    """For a question that the model understands; ``matches`` are of the first passages."""
    if not passages or not matches:
        return 0.0
    asked = words.content(question)
    whole = len(set(asked)) >= FEWEST_WORDS and any(
        words.coverage(asked, in_context(p)) >= EVERY for p in passages[:CONSIDERED]
    )
    cosine = _nearest(passages, scale)
    titled = max(words.coverage(asked, p.chunk.title) for p in passages[:CONSIDERED])
    best = max(matches, key=lambda m: m.mean)
    met = MET * best.mean + FIRST_MET * matches[0].mean + LEAST * best.least
    found = _logistic(COSINE * cosine + met + TITLED * titled + BIAS)
    return max(found, EVERY_WORD if whole else 0.0)


def confidence_by_words(question: str, passages: Sequence[Passage], scale: Scale) -> float:
    """For one in a language that it does not know."""
    if not passages:
        return 0.0
    asked = words.content(question)
    cosine = _nearest(passages, scale)
    coverage = max(words.coverage(asked, in_context(p)) for p in passages[:CONSIDERED])
    over = max(FOREIGN_SHARE * (cosine - FOREIGN_COSINE), coverage - FOREIGN_COVERAGE)
    return _logistic(FOREIGN_STEEPNESS * over + FOREIGN_BIAS)


def _nearest(passages: Sequence[Passage], scale: Scale) -> float:
    """The best cosine of question and passage, by the model's scale."""
    best = max(p.similarity for p in passages[:CONSIDERED])
    return scale.read(best, 0.0, 0.0).cosine


def in_context(passage: Passage) -> str:
    """A passage with its title and headings."""
    return f"{passage.chunk.title} {passage.chunk.section or ''} {passage.text}"


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-value))
