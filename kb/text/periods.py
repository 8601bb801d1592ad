"""The days, months, quarters and years that a name or a text says. Pure; en, de, fr, it, es."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from kb.text import dates
from kb.text.dates import Day

DAY, MONTH, QUARTER, YEAR = "day", "month", "quarter", "year"
YEARS = re.compile(r"(?<!\d)(?:19[5-9]\d|20\d\d)(?!\d)")
_YEAR = r"(?P<year>(?:19[5-9]|20\d)\d)(?!\d)"
_ORDINAL = r"(?P<{0}>[1-4]|IV|I{{1,3}})(?:\.|er|e|ème|º|°|ª|st|nd|rd|th)?"
_WORD = r"(?:quartal|quarter|quart\.|trimestre|trim\.?)"
_NUMBERED = rf"(?:[QT](?P<q>[1-4])|(?P<p>[1-4])[QT]|{_ORDINAL.format('o')}\s*{_WORD})"
_BETWEEN = r"[\s._/,-]*(?:(?:de|del|of|du)\s+)?"
QUARTERS = (
    re.compile(rf"(?<![^\W_]){_NUMBERED}{_BETWEEN}{_YEAR}", re.IGNORECASE),
    re.compile(rf"(?<!\d){_YEAR}{_BETWEEN}{_NUMBERED}(?![^\W_])", re.IGNORECASE),
)
"""«Q3 2023», «2023-Q3», «3. Quartal 2023», «III trimestre 2023», «3e trimestre 2023»."""
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
YEAR_AND_MONTH = re.compile(
    rf"(?<!\d){_YEAR}[\s._/-]+(?P<month>{'|'.join(sorted(dates.FULL, key=len, reverse=True))})\b",
    re.IGNORECASE,
)
"""«2024 März», as folders are called."""
IN_SLASHES = re.compile(r"(?<![\d/-])(\d\d?)([/-])(\d\d?)\2(?:\d{4}|\d\d)(?![\d/-])")
WEEKDAY = re.compile(
    rf"(?:{'|'.join(dates.WEEKDAYS)}|(?:mo|di|mi|do|fr|sa|so)\.)\s*,?\s+(?:the\s+|den\s+|dem\s+)?",
    re.IGNORECASE,
)
LONGEST = 60
"""Characters that a written date takes, with its weekday."""


@dataclass(frozen=True, slots=True)
class Period:
    """A day, or the month, quarter or year that begins with it, as ``precision`` says."""

    first: date
    precision: str

    @property
    def label(self) -> str:
        """As it is written where no language is known: «2024-03-05», «2024-03», «2024 Q1»."""
        if self.precision == QUARTER:
            return f"{self.first.year} Q{(self.first.month + 2) // 3}"
        return self.first.isoformat()[: {YEAR: 4, MONTH: 7}.get(self.precision, 10)]

    @property
    def moment(self) -> float:
        """The period's beginning, in UTC (Unix seconds)."""
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC).timestamp()


def at_start(text: str, *, day_first: bool | None) -> tuple[Period, int] | None:
    """What a text begins with, and where that ends; None where it begins with none of a year.

    ``day_first``: whether 5/3/2024 is in March; None: that is not known.
    """
    near = text[:LONGEST]
    weekday = WEEKDAY.match(near)
    skipped = weekday.end() if weekday else 0
    near = near[skipped:]
    for pattern in QUARTERS:
        if found := pattern.match(near):
            return _quarter(found), skipped + found.end()
    if found := YEAR_AND_MONTH.match(near):
        month = _of((int(found["year"]), dates.FULL[found["month"].casefold()], None))
        return month, skipped + found.end()
    for dated in dates.dates(near):
        period = one_of(dated.readings, day_first=day_first) if dated.start == 0 else None
        if period is not None:
            return period, skipped + dated.end
    alone = YEARS.match(near)
    if alone and not re.match(r"[-/.,]?\d|\w", near[alone.end() :]):
        return Period(date(int(alone.group()), 1, 1), YEAR), skipped + alone.end()
    return None


def within(text: str, *, day_first: bool | None) -> Iterator[Period]:
    """The days, months and quarters of a year that stand in a text; no years alone."""
    for pattern in QUARTERS:
        yield from (_quarter(found) for found in pattern.finditer(text))
    for found in YEAR_AND_MONTH.finditer(text):
        yield _of((int(found["year"]), dates.FULL[found["month"].casefold()], None))
    for dated in dates.dates(text):
        period = one_of(dated.readings, day_first=day_first)
        if period is not None:
            yield period


def one_of(readings: Sequence[Day], *, day_first: bool | None) -> Period | None:
    """A written date; of one that may be read in two ways only the year, where neither is likelier.

    None where it is of no year, or there is no such day.
    """
    found = [period for day in readings if (period := _period(day))]
    if len(found) < 2 or day_first:
        return found[0] if found else None
    if day_first is None:
        return Period(found[0].first.replace(month=1, day=1), YEAR)
    return found[-1]


def _period(day: Day) -> Period | None:
    year, month, of_month = day
    try:
        return _of((year, month, of_month)) if year and (month or not of_month) else None
    except ValueError:  # «31 June»
        return None


def _of(day: tuple[int, int | None, int | None]) -> Period:
    year, month, of_month = day
    precision = DAY if of_month else MONTH if month else YEAR
    return Period(date(year, month or 1, of_month or 1), precision)


def _quarter(found: re.Match[str]) -> Period:
    number = found["q"] or found["p"] or found["o"]
    quarter = ROMAN.get(number.casefold()) or int(number)
    return Period(date(int(found["year"]), 3 * quarter - 2, 1), QUARTER)


def day_first(text: str, language: str | None) -> bool | None:
    """Whether 5/3/2024 is in March: by the other dates of a text, else by its language.

    None for English, where they tell nothing: half of its readers write the month first.
    """
    numbers = [(int(one), int(two)) for one, _, two in IN_SLASHES.findall(text)]
    if any(one > 12 for one, _ in numbers) != any(two > 12 for _, two in numbers):
        return any(one > 12 for one, _ in numbers)
    return None if language in {"en", None} else True
