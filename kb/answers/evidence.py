"""How an answer is presented, by what the passages found tell of the question. Pure.

Three bands: the passages answer; they may answer; nothing comes near. Evidence does not decide
whether a language model is asked, unless nothing comes near.

Readings of the best passages are weighed by two logistic functions (``kb/answers/calibration.py``;
docs/retrieval.md has the figures): is the best quotation right, and do the documents speak of the
matter at all. What a model says is read by its scale (:class:`kb.embedding.scale.Scale`): 0 is what
it says of unrelated texts, 1 what it says of a question and its passage.

A question in a language that no model knows is judged by its words instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kb.answers import followups
from kb.answers.calibration import Calibration
from kb.embedding.scale import Scale
from kb.text import sentences, words
from kb.types.passages import Passage

Band = Literal["sure", "may", "far"]
"""How an answer is presented: as one, as the nearest passage that may not answer, or not at all."""
SURE: Band = "sure"
MAY: Band = "may"
FAR: Band = "far"
BORDER = 0.5
"""Confidence (0 to 1) at which the bands part, where the caller asks for nothing else."""
CONSIDERED, FIRST = 5, 3
"""How many passages words are looked for in, and of how many the nearest one counts."""
FEWEST_ASKING = 4
"""Words after a colon that are a question by themselves."""
FEWEST_WORDS, EVERY = 3, 0.99
"""A passage that has every word of a question of so many is enough: tables and notes are far from
any question, and questions from elsewhere hardly ever meet all of their words."""
FOREIGN_SURE, FOREIGN_NEAR = 0.5, 0.12
"""Where no model knows the language: the share of the question's words that one passage has."""
Readings = dict[str, float]


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


@dataclass(frozen=True, slots=True)
class Evidence:
    """How sure it is that the best quotation answers, and that the matter is spoken of (0 to 1).

    ``calibration`` names the constants; empty: it was judged by words.
    """

    sure: float
    near: float
    calibration: str = ""

    def band(self, min_evidence: float = BORDER, min_nearness: float = BORDER) -> Band:
        """How an answer is presented where so much is asked for."""
        if self.sure >= min_evidence:
            return SURE
        return MAY if self.near >= min_nearness else FAR


NONE = Evidence(0.0, 0.0)


def asking(question: str) -> str:
    """What of a question asks: without sentences that say how it is to be answered.

    "Use the balance sheet: what is the net debt? Round to millions." asks "what is the net debt?".
    No passage has the rest, and every passage would look poor beside it. What stands in brackets
    belongs to the question before it: a follow-up's words of before are carried over so. What asks
    may say nothing without what was told first: "Our bus was late again. What do I get for it?"
    """
    said = [question[start:end] for start, end in sentences.spans(question)]
    asks = [s for s in said if s.endswith("?")]
    if not asks or any(s[:1].islower() for s in said[1:]):
        return question
    asked = " ".join(s for s in said if s in asks or s.startswith("("))
    _, colon, after = asked.rpartition(": ")
    if colon and len(after.split()) >= FEWEST_ASKING:
        return after
    before = " ".join(said[: said.index(asks[0])])
    return f"{before} {asked}".strip() if followups.leans(asked) else asked


def readings(
    question: str,
    passages: Sequence[Passage],
    matches: Sequence[Match],
    scale: Scale,
    elsewhere: float = 0.0,
) -> Readings:
    """What is read of a question that a model knows; ``matches`` are of the first passages.

    ``near``: how near the nearest of the first passages is; ``beyond``: how far the first one's
    score is above the mean from the fourth on; ``apart``: how far the models differ in the first.
    ``words``: the most of what the question's words tell that a passage has; ``titled``: the most
    of its words that a title has, which makes every passage beneath it look near. ``cosine``,
    ``met``, ``least``: the reading model's best cosine, and how well the question's word pieces are
    met by the passage that meets them best (late interaction; Khattab and Zaharia, 2020), on
    average and in their worst quarter. ``elsewhere``: how much more it is like questions that no
    documents are asked than like all of them (``kb/embedding/elsewhere.py``).
    """
    considered = passages[:CONSIDERED]
    standing = [p.standing for p in considered if p.standing]
    scores = [p.score for p in passages]
    asked, best = words.content(question), max(matches, key=lambda m: m.mean)
    rest = scores[3:] or scores[-1:]
    return {
        "near": max((s.near for s in standing[:FIRST]), default=0.0),
        "beyond": scores[0] - sum(rest) / len(rest),
        "apart": standing[0].apart if standing else 0.0,
        "words": max((s.words for s in standing), default=0.0),
        "titled": max(words.coverage(asked, p.chunk.title) for p in considered),
        "cosine": scale.read(max(p.similarity for p in considered), 0.0, 0.0).cosine,
        "met": best.mean,
        "least": best.least,
        "elsewhere": elsewhere,
    }


def judged(
    question: str, passages: Sequence[Passage], read: Readings, calibration: Calibration
) -> Evidence:
    """By the readings; every word of a question in one passage is enough."""
    sure, near = calibration.sure.value(read), calibration.near.value(read)
    if has_every_word(question, passages):
        sure = max(sure, BORDER)
    return Evidence(sure, max(sure, near), calibration.name)


def judged_by_words(question: str, passages: Sequence[Passage]) -> Evidence:
    """For a question in a language that no model knows."""
    asked = words.content(question)
    found = [words.coverage(asked, in_context(p)) for p in passages[:CONSIDERED]]
    most = max(found, default=0.0)
    return Evidence(_half_at(most, FOREIGN_SURE), _half_at(most, FOREIGN_NEAR))


def has_every_word(question: str, passages: Sequence[Passage]) -> bool:
    """Whether one passage has each of a question's words, of which there are enough."""
    asked = words.content(question)
    return len(set(asked)) >= FEWEST_WORDS and any(
        words.coverage(asked, in_context(p)) >= EVERY for p in passages[:CONSIDERED]
    )


def _half_at(share: float, border: float) -> float:
    """A share as a confidence: .5 at the border, 0 and 1 at its ends."""
    if share < border:
        return BORDER * share / border
    return BORDER + (1 - BORDER) * (share - border) / (1 - border)


def in_context(passage: Passage) -> str:
    """A passage with its title and headings."""
    return f"{passage.chunk.title} {passage.chunk.section or ''} {passage.text}"
