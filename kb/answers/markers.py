"""The numbers by which a model says what supports a sentence, in whatever form. Pure."""

import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kb.answers import runs
from kb.answers.runs import Range

LIST = r"\d{1,2}(?:\s*+(?:[,;&–-]|and|und|et|e|y)\s*+\d{1,2})*"
WORD = r"(?:passages?\s*+|sources?\s*+|quellen?\s*+)"
BRACKETED = re.compile(
    rf"[\[【]\s*+\^?\s*+{WORD}?(?P<list>{LIST})\s*+[\]】]"
    rf"|\(\s*+{WORD}(?P<called>{LIST})\s*+\)"
    rf"|(?P<round>\(\s*+(?P<bare>{LIST})\s*+\))(?=[ \t]*+(?:[.!?;,:\[(【\n]|\Z))",
    re.IGNORECASE,
)
"""In round brackets alone only at the end of what it supports: «Art. 6 (1) GDPR» names none."""
SPOKEN = re.compile(
    rf"\(?\b(?:according to |see |as stated in |laut |selon )?passages?\s++(?P<list>{LIST})\b\)?:?",
    re.IGNORECASE,
)
RAISED = re.compile(r"(?:(?<=[.,;:!?)\]»”\"'])|(?<=[^\W\d_]{3}))(?P<list>(?<![⁰¹²³⁴-⁹])[⁰¹²³⁴-⁹]+)")
"""After a word or its punctuation; after a unit (m², cm³) or a number it is a power."""
RAISED_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
COUNTED = re.compile(
    r"(?:§|\b(?:abs|art|nr|no|sec|section|article|articles|paragraph|al|absatz|artikel)\b\.?)\s*"
    r"(?:\d+\w?)?\s*\Z",
    re.IGNORECASE,
)
"""What a number in round brackets belongs to, where it is no marker."""
LOOKED_BACK = 24
"""Characters before a number in which that is looked for."""


@dataclass(frozen=True, slots=True)
class Marker:
    """What is taken out of a text, and the passages that it names."""

    start: int
    end: int
    numbers: tuple[int, ...]
    spoken: bool = False


def found(text: str, spared: Sequence[Range], passages: int) -> list[Marker]:
    """The markers of a text in order; none of them within what is ``spared`` (code).

    A number alone in round brackets is one if there are so many ``passages``.
    """
    taken: list[Marker] = []
    kinds = (_bracketed(text, passages), _spoken(text), _raised(text))
    every = list(heapq.merge(*kinds, key=lambda m: (m.start, -m.end)))
    free = set(runs.apart([(m.start, m.end) for m in every], spared))
    for marker in every:
        if (marker.start, marker.end) not in free:
            continue
        if taken and marker.start < taken[-1].end:
            continue
        start = _front(text, marker, taken[-1].end if taken else 0)
        taken.append(replace(marker, start=start))
    return taken


def _front(text: str, marker: Marker, least: int) -> int:
    """Where what goes with a marker begins: the space before it; a comma before a spoken one."""
    before = text[least : marker.start].rstrip()
    return least + len(before) - (marker.spoken and before.endswith(","))


def _bracketed(text: str, passages: int) -> Iterator[Marker]:
    for match in BRACKETED.finditer(text):
        named = numbers(match["list"] or match["called"] or match["bare"])
        if match["round"]:
            before = text[max(0, match.start() - LOOKED_BACK) : match.start()]
            if max(named) > passages or COUNTED.search(before):
                continue
        yield Marker(*match.span(), named)


def _spoken(text: str) -> Iterator[Marker]:
    for match in SPOKEN.finditer(text):
        yield Marker(*match.span(), numbers(match["list"]), spoken=True)


def _raised(text: str) -> Iterator[Marker]:
    for match in RAISED.finditer(text):
        yield Marker(*match.span(), numbers(match["list"].translate(RAISED_DIGITS)))


def numbers(text: str) -> tuple[int, ...]:
    """``1, 3`` names two passages, ``2–4`` three."""
    span = re.fullmatch(r"(\d{1,2})\s*[–-]\s*(\d{1,2})", text)
    if span and int(span.group(1)) < int(span.group(2)):
        return tuple(range(int(span.group(1)), int(span.group(2)) + 1))
    return tuple(int(n) for n in re.findall(r"\d+", text))
