"""An answer's sentences with citations that hold. Pure.

Markers are read in whatever form the model wrote them; those that name no passage are removed. A
sentence is checked against the passages it cites, and against all of them when it cites none, or
none that holds: it then gets the one that supports it best. What nothing supports is marked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.answers import support
from kb.answers.support import Likeness
from kb.text import sentences
from kb.types.answers import Citation, Sentence
from kb.types.passages import Passage

LIST = r"\d{1,2}(?:\s*(?:[,;&–-]|and|und|et|e|y)\s*\d{1,2})*"
BRACKETED = re.compile(
    rf"\s*[\[(【]\s*\^?\s*(?:passages?\s*|sources?\s*|quellen?\s*)?({LIST})\s*[\])】]",
    re.IGNORECASE,
)
SPOKEN = re.compile(
    rf",?\s*\(?\b(?:according to |see |as stated in |laut |selon )?passages?\s+({LIST})\b\)?:?",
    re.IGNORECASE,
)
RAISED = re.compile(r"(?:(?<=[.,;:!?)\]»”\"'])|(?<=[^\W\d_]{3}))[⁰¹²³⁴-⁹]+")
"""After a word or its punctuation; after a unit (m², cm³) or a number it is a power."""
RAISED_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
FOOTNOTE = re.compile(
    r"^\s*(?:\[\^?\d{1,2}\]\s*[:.]|[⁰¹²³⁴-⁹]+\s+\S|(?:sources?|quellen?|references?):)",
    re.IGNORECASE,
)
LIST_MARK = re.compile(r"^\s*(?:[-*•]|#+|\d+\.)\s+")
MARKS_AFTER_STOP = re.compile(r"([.!?])((?:\s*(?:[\[【(]\s*\^?\s*\d[\d,;\s]*[\]】)]|[⁰¹²³⁴-⁹]+))+)")


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer without its markers, and the passages that these named."""

    text: str
    named: tuple[int, ...]


Place = tuple[int, int, int]
"""A passage's number (from 1), and where a stretch of it begins and ends."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim with the stretches of passages that it is cited with, and whether they hold it."""

    text: str
    places: tuple[Place, ...]
    holds: bool


def claims(text: str, passages: int) -> list[Claim]:
    """The sentences of an answer over so many passages."""
    found = []
    for line in text.split("\n"):
        if FOOTNOTE.match(line):
            continue
        moved = MARKS_AFTER_STOP.sub(r"\2\1", LIST_MARK.sub("", line))
        for start, end in sentences.spans(moved):
            claim = _claim(moved[start:end], passages)
            if claim is not None:
                found.append(claim)
    return found


def _claim(sentence: str, passages: int) -> Claim | None:
    numbers: list[int] = []
    plain = sentence
    for pattern in (BRACKETED, SPOKEN):
        for match in pattern.finditer(plain):
            numbers += _numbers(match.group(1))
        plain = pattern.sub("", plain)
    for match in RAISED.finditer(plain):
        numbers += [int(match.group().translate(RAISED_DIGITS))]
    plain = re.sub(r"\*\*|__|`", "", RAISED.sub("", plain)).strip(" ,;:")
    valid = tuple(n for n in dict.fromkeys(numbers) if 1 <= n <= passages)
    plain = plain[:1].upper() + plain[1:]
    return Claim(plain, valid) if any(c.isalnum() for c in plain) else None


def _numbers(text: str) -> list[int]:
    span = re.fullmatch(r"(\d{1,2})\s*[–-]\s*(\d{1,2})", text)
    if span and int(span.group(1)) < int(span.group(2)):
        return list(range(int(span.group(1)), int(span.group(2)) + 1))
    return [int(n) for n in re.findall(r"\d+", text)]


def texts(found: Sequence[Claim], passages: Sequence[Passage]) -> list[str]:
    """All that has to be embedded to verify these claims: sentences, and stretches of passages."""
    stretches = [p.text[s:e] for p in passages for s, e in support.stretches(p.text)]
    return list(dict.fromkeys([*(c.text for c in found), *stretches]))


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


def _judge(claim: Claim, passages: Sequence[Passage], likeness: Likeness) -> Judged:
    """The stretches that hold a claim: of the passages it names, else of the best; or none does."""
    found = {
        n: support.judge(claim.text, p.text, _context(p), likeness)
        for n, p in enumerate(passages, 1)
    }
    holding = [n for n in claim.named if found[n].holds]
    if not holding:
        others = [n for n in found if found[n].holds]
        holding = [max(others, key=lambda n: found[n].score)] if others else []
    places = tuple((n, found[n].start, found[n].end) for n in holding or claim.named)
    return Judged(claim.text, places, holds=bool(holding))


def _context(passage: Passage) -> str:
    return f"{passage.chunk.title} {passage.chunk.section or ''}"
