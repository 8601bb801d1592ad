"""Stretches of text in several faces, cut and joined as one text. Pure.

Ranges are in order and do not overlap: whatever is done goes once over runs and ranges.
"""

import itertools
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from kb.types.forms import Runs, TextRun

Range = tuple[int, int]
"""Where a stretch begins and ends in the text of all runs together."""


def plain(runs: Sequence[TextRun]) -> str:
    """The text of runs."""
    return "".join(run.text for run in runs)


def parts(runs: Sequence[TextRun], ranges: Sequence[Range]) -> list[Runs]:
    """The characters of each range."""
    found, first, begun = [], 0, 0
    for start, end in ranges:
        while first < len(runs) and begun + len(runs[first].text) <= start:
            begun += len(runs[first].text)
            first += 1
        found.append(tuple(_part(runs, first, begun, (start, end))))
    return found


def _part(runs: Sequence[TextRun], at: int, position: int, wanted: Range) -> Iterator[TextRun]:
    """A range of the runs from number ``at`` on, which begins at ``position``."""
    start, end = wanted
    while at < len(runs) and position < end:
        run = runs[at]
        text = run.text[max(0, start - position) : end - position]
        if text:
            yield replace(run, text=text)
        position += len(run.text)
        at += 1


def part(runs: Sequence[TextRun], start: int, end: int) -> Runs:
    """The characters from ``start`` to ``end``."""
    return parts(runs, [(start, end)])[0]


def without(runs: Sequence[TextRun], ranges: Sequence[Range], instead: str = "") -> Runs:
    """All but these ranges; ``instead`` stands for each."""
    if not ranges:
        return _joined(runs)
    begins = [0, *(end for _, end in ranges)]
    ends = [*(start for start, _ in ranges), sum(len(run.text) for run in runs)]
    found: list[TextRun] = []
    for number, kept in enumerate(parts(runs, list(zip(begins, ends, strict=True)))):
        if number and instead:
            found.append(TextRun(instead))
        found += kept
    return _joined(found)


def _joined(runs: Sequence[TextRun]) -> Runs:
    """Neighbours of one face are one."""
    found = []
    for face, alike in itertools.groupby(runs, lambda run: replace(run, text="")):
        found.append(replace(face, text=plain(list(alike))))
    return tuple(run for run in found if run.text)


def code(runs: Sequence[TextRun]) -> list[Range]:
    """Where code stands."""
    found, position = [], 0
    for run in runs:
        if run.code:
            found.append((position, position + len(run.text)))
        position += len(run.text)
    return found


def apart(ranges: Sequence[Range], spared: Sequence[Range]) -> list[Range]:
    """Of the ranges those that meet none of what is spared."""
    found, at = [], 0
    for start, end in ranges:
        while at < len(spared) and spared[at][1] <= start:
            at += 1
        if at == len(spared) or spared[at][0] >= end:
            found.append((start, end))
    return found


def trimmed(runs: Sequence[TextRun]) -> Runs:
    """Without white space at both ends."""
    text = plain(runs)
    start = len(text) - len(text.lstrip())
    return part(runs, start, len(text.rstrip()))


def capitalised(runs: Runs) -> Runs:
    """With a capital at the beginning, unless it is code."""
    if not runs or runs[0].code:
        return runs
    first = runs[0]
    return (replace(first, text=first.text[:1].upper() + first.text[1:]), *runs[1:])
