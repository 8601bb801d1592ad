"""An answer's sentences with citations that hold. Pure.

A sentence is checked against the passages it names, and against all of them when it names none, or
none that holds: it then gets the one that supports it best. What nothing supports cites nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kb.answers import support
from kb.answers.claiming import Claim
from kb.answers.support import Likeness
from kb.types.answers import Citation, Sentence
from kb.types.passages import Passage

Place = tuple[int, int, int]
"""A passage's number (from 1), and where a stretch of it begins and ends."""


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim with the stretches of passages that it is cited with, and whether they hold it."""

    text: str
    places: tuple[Place, ...]
    holds: bool


def texts(found: Sequence[Claim], passages: Sequence[Passage]) -> list[str]:
    """All that has to be embedded to verify these claims: sentences, and stretches of passages."""
    stretches = [p.text[s:e] for p in passages for s, e in support.stretches(p.text)]
    return list(dict.fromkeys([*(c.compared for c in found), *stretches]))


def verify(
    found: Sequence[Claim], passages: Sequence[Passage], likeness: Likeness
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """The claims as sentences, with the citations that hold."""
    judged = [_judge(claim, passages, likeness) for claim in found]
    cited: dict[Place, Citation] = {}
    for claim in judged:
        for place in claim.places:
            number, start, end = place
            passage = passages[number - 1]
            new = Citation(len(cited) + 1, passage, start, end, supported=claim.holds)
            cited.setdefault(place, new)
    checked = [
        Sentence(j.text, tuple(dict.fromkeys(cited[p].n for p in j.places)), supported=j.holds)
        for j in judged
    ]
    return tuple(checked), tuple(cited.values())


def _judge(claim: Claim, passages: Sequence[Passage], likeness: Likeness) -> JudgedClaim:
    """The stretches that hold a claim: of the passages it names, else of the best; or none does."""
    found = {
        n: support.judge(claim.compared, p.text, _context(p), likeness)
        for n, p in enumerate(passages, 1)
    }
    holding = [n for n in claim.named if found[n].holds]
    if not holding:
        others = [n for n in found if found[n].holds]
        holding = [max(others, key=lambda n: found[n].score)] if others else []
    places = tuple((n, found[n].start, found[n].end) for n in holding)
    return JudgedClaim(claim.text, places, holds=bool(holding))


def _context(passage: Passage) -> str:
    return f"{passage.chunk.title} {passage.chunk.section or ''}"
