"""The date that a document's own words give it: in its head, or in the last lines. Pure.

«Stand: 03/2024», «Effective date: January 1, 2024», «Version 2.1 of 12 May 2023», «Berlin, 5. März
2024». Dates within sentences are those of events.
"""

import itertools
import re
from collections.abc import Iterator, Sequence

from kb.text import periods
from kb.text.date_labels import BETWEEN, CHANGED, DATED, EFFECTIVE, ENDED, MARKS, OTHERS, PLACE
from kb.text.periods import YEAR, Period

HEAD, FOOT = 2_000, 600
"""Characters that are looked at from the beginning, and before the end."""
CELL = " | "
"""Between the cells of a row: a date that has a cell for itself is that of its row."""
LONGEST_PART = 160
"""Characters of a line, or of a part of one, that is a date with its label or its place."""


def of_lines(
    head: Sequence[str], foot: Sequence[str], latest: float, *, day_first: bool | None
) -> Period | None:
    """The date of a document by its first and its last lines; none that is after ``latest``.

    What it says of its latest change or its issue counts before what it says of its validity. Of
    several the latest counts: what was changed then is from then.
    """
    for found in (_issued(head, foot, day_first), _valid(head, foot, day_first)):
        periods_ = [period for period in found if 0 < period.moment <= latest]
        if periods_:
            return max(periods_, key=lambda p: (p.first, p.precision != YEAR))
    return None


def _issued(head: Sequence[str], foot: Sequence[str], day_first: bool | None) -> Iterator[Period]:
    for line in head:
        yield from _after(CHANGED, line, day_first)
        parts = [part.strip() for part in MARKS.split(line)]
        for part in parts:
            yield from _labelled(part, day_first)
        if CELL not in line:
            yield from _alone(parts[-1], day_first)
        yield from _in_cells(line, day_first)
    for line in foot:
        yield from _after(CHANGED, line, day_first)


def _valid(head: Sequence[str], foot: Sequence[str], day_first: bool | None) -> Iterator[Period]:
    for line in (*head, *foot):
        yield from _after(EFFECTIVE, line, day_first)


def _after(label: re.Pattern[str], line: str, day_first: bool | None) -> Iterator[Period]:
    """Dates that follow a label, unless they are to come («next revision»)."""
    for found in label.finditer(line):
        if OTHERS.search(line[: found.start()]):
            continue
        period = _behind(line[found.end() :], day_first)
        if period is not None:
            yield period[0]


def _behind(rest: str, day_first: bool | None) -> tuple[Period, str] | None:
    """The date that a text begins with, behind what leads to it; and what follows."""
    lead = BETWEEN.match(rest)
    start = lead.end() if lead else 0
    for at in dict.fromkeys((start, len(rest) - len(rest.lstrip(" :|.,(–—-")))):
        found = periods.at_start(rest[at:], day_first=day_first)
        following = rest[at + found[1] :] if found else ""
        if found is not None and (found[0].precision != YEAR or ENDED.match(following)):
            return found[0], following
    return None


def _labelled(part: str, day_first: bool | None) -> Iterator[Period]:
    """A label and its date that have a line, or a part of one, for themselves."""
    label = DATED.match(part) if len(part) <= LONGEST_PART else None
    if label is not None:
        found = _behind(part[label.end() :], day_first)
        is_said = part[label.end() :].lstrip().startswith(":")
        if found is not None and (is_said or ENDED.match(found[1])):
            yield found[0]


def _alone(part: str, day_first: bool | None) -> Iterator[Period]:
    """A date that has a line, or the end of one, for itself, with its place or without."""
    if len(part) > LONGEST_PART:
        return
    for lead in (None, PLACE.match(part)):
        at = lead.end() if lead else 0
        whole = periods.at_start(part[at:], day_first=day_first)
        is_all = whole is not None and not part[at + whole[1] :].strip(" .")
        if whole is not None and is_all and whole[0].precision != YEAR:
            yield whole[0]
            return


def _in_cells(line: str, day_first: bool | None) -> Iterator[Period]:
    """A label in one cell, its date in the next."""
    cells = [cell.strip(" :") for cell in line.split("|")]
    for cell, following in itertools.pairwise(cells):
        if DATED.fullmatch(cell):
            found = periods.at_start(following, day_first=day_first)
            if found is not None:
                yield found[0]
