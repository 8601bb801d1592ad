"""Stretches of text in several faces, cut and joined as one text. Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from kb.types.forms import Run, Runs

Range = tuple[int, int]
"""Where a stretch begins and ends in the text of all runs together."""


def plain(runs: Sequence[Run]) -> str:
    """Their text."""
    return "".join(run.text for run in runs)


def part(runs: Sequence[Run], start: int, end: int) -> Runs:
    """The characters from ``start`` to ``end``."""
    found, position = [], 0
    for run in runs:
        text = run.text[max(0, start - position) : max(0, end - position)]
        position += len(run.text)
        if text:
            found.append(replace(run, text=text))
    return tuple(found)


def without(runs: Sequence[Run], ranges: Sequence[Range], instead: str = "") -> Runs:
    """All but these ranges, which are in order and do not overlap; ``instead`` stands for each."""
    found: list[Run] = []
    position = 0
    for start, end in ranges:
        found += part(runs, position, start)
        if instead:
            found.append(Run(instead))
        position = end
    return _joined([*found, *part(runs, position, len(plain(runs)))])


def _joined(runs: Sequence[Run]) -> Runs:
    """Neighbours of one face are one."""
    found: list[Run] = []
    for run in runs:
        if found and replace(found[-1], text=run.text) == run:
            found[-1] = replace(run, text=found[-1].text + run.text)
        else:
            found.append(run)
    return tuple(found)


def code(runs: Sequence[Run]) -> list[Range]:
    """Where code stands."""
    found, position = [], 0
    for run in runs:
        if run.code:
            found.append((position, position + len(run.text)))
        position += len(run.text)
    return found


def trimmed(runs: Sequence[Run]) -> Runs:
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
