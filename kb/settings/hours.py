"""Hours of the week, as settings have them: ``mon-fri 08:00-18:00``, ``sat 22:00-06:00``. Pure."""

import re
from datetime import datetime
from typing import Annotated

from msgspec import Meta

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = "|".join(DAYS)
CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d"
PATTERN = rf"^({DAY})(?:-({DAY}))? ({CLOCK})-({CLOCK}|24:00)\Z"
Hours = Annotated[str, Meta(pattern=PATTERN)]
"""One stretch of days, with the hours of each. Where the end is not after the beginning, they end
on the next day; days, too, may go on into the next week (``sat-mon``)."""


def is_within(hours: str, moment: datetime) -> bool:
    """Whether a moment, by the clock on the wall, is in these hours."""
    found = re.fullmatch(PATTERN, hours)
    assert found is not None, hours
    first, last, begin, end = found.groups()
    days = _days(DAYS.index(first), DAYS.index(last or first))
    begins, ends = _minutes(begin), _minutes(end)
    now, today = moment.hour * 60 + moment.minute, moment.weekday()
    if begins < ends:
        return today in days and begins <= now < ends
    return (today in days and now >= begins) or ((today - 1) % 7 in days and now < ends)


def _days(first: int, last: int) -> set[int]:
    return {(first + n) % 7 for n in range((last - first) % 7 + 1)}


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
