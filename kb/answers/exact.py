"""What an exact thing, as a serial number that hardly any other passage has, is worth as evidence.

Pure.

Whoever asks "Where is SN-012345 stored?" is answered from the passage with that number, however far
a model of language has the two apart: the passage may answer. Where it has the question's other
words too, it does.
"""

from collections.abc import Sequence
from dataclasses import replace

from kb.answers import evidence
from kb.answers.evidence import Evidence
from kb.search import pointing
from kb.search.retrieval import Found
from kb.text import exact, words
from kb.text.exact import Exact
from kb.types.passages import Passage

EVERY = 0.99
"""Share of the question's other words that are all of them."""


def floor(
    question: str, passages: Sequence[Passage], things: Sequence[Exact], *, may: float, sure: float
) -> float:
    """The least confidence: ``may`` with an exact thing, ``sure`` with all other words as well.

    ``things`` are those of the question that hardly any other passage has; without them it is 0.
    """
    having = [p for p in passages if things and all(t.stands(pointing.told(p)) for t in things)]
    if not having:
        return 0.0
    other = exact.rest(question)
    covered = (words.coverage(other, evidence.in_context(p)) for p in having)
    return sure if not other or max(covered) >= EVERY else may


def raised(given: Evidence, question: str, found: Found) -> Evidence:
    """Evidence with what exact things tell: the matter is spoken of, or the answer is there."""
    level = floor(question, found.passages, found.exact, may=0.5, sure=1.0)
    sure = 1.0 if level == 1.0 else given.sure
    return replace(given, near=1.0, sure=sure) if level else given
