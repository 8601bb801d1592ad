"""The date that a file's name says, or else the nearest of its folders. Pure."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import PurePosixPath

from kb.text import periods
from kb.text.pathnames import composed
from kb.text.periods import MONTH, YEAR, Period

NAME, FOLDER = "name", "folder"
MEMBER = " › "
ENDING = re.compile(r"\.[^\W_]*[^\W\d_][^\W_]*$")
"""The ending of a file's name: it has a letter, so that «Minutes 5.3.2024» loses nothing."""
JOINED = re.compile(r"(?<=[^\W\d_])(?=(?:19|20)\d\d)|(?<=\d)(?=T\d\d)")
COMPACT = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[\s.-]?(0[1-9]|1[0-2])[\s.-]?(0[1-9]|[12]\d|3[01])(?!\d)"
)
COMPACT_MONTH = re.compile(r"(?<!\d)((?:19[7-9]|20[0-4])\d)(0[1-9]|1[0-2])(?!\d)")


def of_path(path: str, *, day_first: bool | None) -> Iterator[tuple[Period, str]]:
    """What a file's name says, then its folders, the nearest first; with which of them says it."""
    own = PurePosixPath(composed(path.rpartition(MEMBER)[2]))
    names = [(ENDING.sub("", own.name), NAME), *((f, FOLDER) for f in reversed(own.parts[:-1]))]
    for name, source in names:
        found = of_name(name, day_first=day_first)
        if found is not None:
            yield found, source


def of_name(name: str, *, day_first: bool | None) -> Period | None:
    """The day, month, quarter or year in a name; of a span its end («… bis 31.12.2024»).

    Of several years alone none is its date: «Plan 2024-2030».
    """
    plain = COMPACT.sub(r" \1-\2-\3 ", JOINED.sub(" ", name.replace("_", " ")))
    said = list(periods.within(plain, day_first=day_first))
    if said:
        return max(said, key=lambda period: (period.precision != YEAR, period.first))
    months = COMPACT_MONTH.findall(plain)
    if len(months) == 1:
        year, month = map(int, months[0])
        return Period(date(year, month, 1), MONTH)
    years = set(periods.YEARS.findall(plain))
    return Period(date(int(years.pop()), 1, 1), YEAR) if len(years) == 1 else None
