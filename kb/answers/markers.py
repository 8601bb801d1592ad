"""The numbers by which a model says what supports a sentence, in whatever form. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.answers.runs import Range

LIST = r"\d{1,2}(?:\s*(?:[,;&–-]|and|und|et|e|y)\s*\d{1,2})*"
BRACKETED = re.compile(
    rf"\s*[\[(【]\s*\^?\s*(?:passages?\s*|sources?\s*|quellen?\s*)?({LIST})\s*[\])】]",
    re.IGNORECASE,
)
SPOKEN = re.compile(
    rf",?\s*\(?\b(?:according to |see |as stated in |laut |selon )?passages?\s+({LIST})\b\)?:?",
    re.IGNORECASE,
)
RAISED = re.compile(r"(?:(?<=[.,;:!?)\]»”\"'])|(?<=[^\W\d_]{3}))([⁰¹²³⁴-⁹]+)")
"""After a word or its punctuation; after a unit (m², cm³) or a number it is a power."""
RAISED_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


@dataclass(frozen=True, slots=True)
class Marker:
    """What is taken out of a text, and the passages that it names."""

    start: int
    end: int
    numbers: tuple[int, ...]


def found(text: str, spared: Sequence[Range]) -> list[Marker]:
    """The markers of a text in order; none of them within what is ``spared`` (code)."""
    taken: list[Marker] = []
    for marker in sorted(_all(text), key=lambda m: (m.start, -m.end)):
        if any(start < marker.end and marker.start < end for start, end in spared):
            continue
        if taken and marker.start < taken[-1].end:
            continue
        taken.append(marker)
    return taken


def _all(text: str) -> Iterator[Marker]:
    for pattern in (BRACKETED, SPOKEN, RAISED):
        for match in pattern.finditer(text):
            yield Marker(*match.span(), numbers(match.group(1).translate(RAISED_DIGITS)))


def numbers(text: str) -> tuple[int, ...]:
    """``1, 3`` names two passages, ``2–4`` three."""
    span = re.fullmatch(r"(\d{1,2})\s*[–-]\s*(\d{1,2})", text)
    if span and int(span.group(1)) < int(span.group(2)):
        return tuple(range(int(span.group(1)), int(span.group(2)) + 1))
    return tuple(int(n) for n in re.findall(r"\d+", text))
