"""Whether a stretch of a passage supports a sentence of an answer. Pure.

Hard rules first (``kb/answers/facts.py``): every number, month and name of the sentence must stand
in the stretch, and both must say no equally often. Then the words they share and the likeness of
their embeddings decide together; the threshold is calibrated by ``python -m bench support``.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from kb.answers import company, facts, reversals, values, verbatim
from kb.text import sentences, words

LIKENESS, SHARED = 0.48, 0.52
"""Weights of the two kinds of evidence: likeness of the embeddings, share of the words."""
THRESHOLD = 0.427
"""Score (0 to 1) from which a stretch supports a sentence, calibrated by ``python -m bench
support``."""
PAIRED = 1.7
"""The likeness of two neighbouring sentences together is estimated as (a + b) / PAIRED, which saves
embedding every pair."""
DIVIDED = re.compile(r"\n|(?<=;) ")
LONGEST = 4_000
"""Characters of a sentence that is weighed: no passage holds a longer one."""
Likeness = Callable[[str, str], float]
"""How alike a sentence and a stretch are, from 0 (as unrelated texts) to 1: the cosine by the
model's scale (``Scale.alike``)."""


@dataclass(frozen=True, slots=True)
class Support:
    """The best stretch of a passage for a sentence, how good it is, and whether it holds it."""

    start: int
    end: int
    score: float
    holds: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch or two: its likeness to the sentence, its score, and what of it says no or not."""

    start: int
    end: int
    like: float
    score: float
    heart: str


def stretches(text: str) -> list[tuple[int, int]]:
    """Sentences of a passage; of them the lines (rows, points) and what semicolons divide."""
    found: list[tuple[int, int]] = []
    for start, end in sentences.spans(text):
        position = start
        for part in DIVIDED.split(text[start:end]):
            if part.strip():
                found.append((position, position + len(part)))
            position += len(part) + 1
    return found


def judge(claim: str, text: str, context: str, likeness: Likeness) -> Support:
    """The stretch of a passage that supports a sentence best.

    None does where another one is nearer to the sentence and contradicts it. ``context`` is what
    else is known of the passage (title, headings): names may stand there.
    """
    said = facts.unled(claim)
    standing = verbatim.standing(said, text)
    if standing.whole is not None:
        return Support(*standing.whole, 1.0, holds=True)
    if len(claim) > LONGEST:
        return Support(0, len(text), 0.0, holds=False)
    best, against = Support(0, len(text), 0.0, holds=False), 0.0
    for window in _windows(claim, said, text, _own(said, context), likeness):
        stretch = text[window.start : window.end]
        has_all = window.score >= THRESHOLD and not facts.missing(said, f"{stretch} {context}")
        contradicts = has_all and _contradict(said, window, stretch)
        if contradicts and window.heart == stretch:
            against = max(against, window.score)
        is_cut = any(s < window.end and window.start < e for s, e in standing.limited)
        holds = has_all and not contradicts and not is_cut
        found = Support(window.start, window.end, window.score, holds)
        if (found.holds, found.score) > (best.holds, best.score):
            best = found
    holds = best.holds and best.score >= against and not _said_otherwise(said, text, best)
    return replace(best, holds=holds)


def _contradict(said: str, window: Window, stretch: str) -> bool:
    return (
        facts.contradict(said, window.heart)
        or company.elsewhere(said, stretch)
        or reversals.reversed_roles(said, window.heart)
    )


def _said_otherwise(said: str, text: str, best: Support) -> bool:
    """Whether a stretch has every word of a sentence, and another value, where the best lacks one.

    «The daily rate is 40 euros» is not held by «The nightly rate is 40 euros» beside «The daily
    rate is 28 euros».
    """
    asked = [w for w in words.content(said) if not w[:1].isdigit()]
    kinds = {p.kind for p in company.placed(said)}
    if not kinds or not asked or words.coverage(asked, text[best.start : best.end]) == 1:
        return False
    return any(
        words.coverage(asked, text[start:end]) == 1
        and kinds <= {p.kind for p in company.placed(text[start:end])}
        and values.missing(said, text[start:end])
        for start, end in stretches(text)
    )


def _own(claim: str, context: str) -> list[str]:
    """The words that a sentence does not share with every passage beneath the same title."""
    asked = words.content(claim)
    given = set(words.content(context))
    return [w for w in asked if w not in given] or asked


def _windows(
    claim: str, said: str, text: str, asked: list[str], likeness: Likeness
) -> Iterator[Window]:
    """Each stretch alone, then each with the one after it; ``said`` is what is told of the claim.

    The heart of two is the one nearer to the sentence: a negation would stand there.
    """
    if not asked:
        return
    valued = company.values_of(said)

    def window(start: int, end: int, like: float, heart: str | None = None) -> Window:
        stretch = text[start:end]
        written = "" if not valued or values.missing(said, stretch) else valued
        score = LIKENESS * like + SHARED * words.coverage(asked, f"{stretch} {written}")
        return Window(start, end, like, round(score, 4), heart or stretch)

    single = [window(s, e, likeness(claim, text[s:e])) for s, e in stretches(text)]
    yield from single
    for left, right in itertools.pairwise(single):
        heart = max(left, right, key=lambda w: w.score).heart
        like = max(left.like, right.like, (left.like + right.like) / PAIRED)
        yield window(left.start, right.end, like, heart)
