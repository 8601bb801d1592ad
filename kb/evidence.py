"""How sure it is that passages hold the answer to a question, from 0 to 1. Pure.

Readings of the best passages, weighed by two logistic regressions (.65 and .35), one over five
collections with questions from outside, one over near misses (docs/retrieval.md has the figures):
the cosine of question and passage; from the model's own token vectors (late interaction; Khattab
and Zaharia, 2020) how well each word piece of the question is met on average, by the passage that
meets them best and by the first one, and how well their worst quarter is; and, against it, the
share of the question's words that a title has: it makes every passage beneath it look near.

A question in a language that the model does not know is judged by its words instead.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kb import words
from kb.types import Passage

COSINE, MET, FIRST_MET, LEAST, TITLED, BIAS = 8.24, 1.97, 2.11, 4.81, -1.21, -7.73
"""Weights per unit of each reading, and the constant, set so that .4 answers as much as before."""
CONSIDERED = 5
FEWEST_WORDS, EVERY, EVERY_WORD = 3, 0.99, 0.45
"""A passage that has every word of a question of so many is at least so sure: tables and notes are
far from any question, and questions from elsewhere hardly ever meet all of their words."""
FOREIGN_COSINE, FOREIGN_COVERAGE, FOREIGN_STEEPNESS, FOREIGN_BIAS = 0.45, 0.5, 8.0, -0.405
"""Where the model does not know the language: either of both makes it .4 sure."""


@dataclass(frozen=True, slots=True)
class Match:
    """How well a question's word pieces are met by a passage: on average, and the worst quarter."""

    mean: float
    least: float


POOREST = Match(0.4, 0.15)
"""Where the cosine alone carries an answer: of 3,189 questions put to five collections 881 were
decided by it (three quarters of the answerable ones), none otherwise than by their own readings."""


def confidence(question: str, passages: Sequence[Passage], matches: Sequence[Match]) -> float:
    """For a question that the model understands; ``matches`` are of the first passages."""
    if not passages or not matches:
        return 0.0
    asked = words.content(question)
    whole = len(set(asked)) >= FEWEST_WORDS and any(
        words.coverage(asked, in_context(p)) >= EVERY for p in passages[:CONSIDERED]
    )
    cosine = max(p.similarity for p in passages[:CONSIDERED])
    titled = max(words.coverage(asked, p.chunk.title) for p in passages[:CONSIDERED])
    best = max(matches, key=lambda m: m.mean)
    met = MET * best.mean + FIRST_MET * matches[0].mean + LEAST * best.least
    found = _logistic(COSINE * cosine + met + TITLED * titled + BIAS)
    return max(found, EVERY_WORD if whole else 0.0)


def confidence_by_words(question: str, passages: Sequence[Passage]) -> float:
    """For one in a language that it does not know."""
    if not passages:
        return 0.0
    asked = words.content(question)
    cosine = max(p.similarity for p in passages[:CONSIDERED])
    coverage = max(words.coverage(asked, in_context(p)) for p in passages[:CONSIDERED])
    over = max(cosine - FOREIGN_COSINE, coverage - FOREIGN_COVERAGE)
    return _logistic(FOREIGN_STEEPNESS * over + FOREIGN_BIAS)


def in_context(passage: Passage) -> str:
    """A passage with its title and headings."""
    return f"{passage.chunk.title} {passage.chunk.section or ''} {passage.text}"


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-value))
