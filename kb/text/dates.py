"""Dates, times of the day and weekdays in a text, by value. Pure; en, de, fr, it, es.

A date that can be read in two ways (``05/03/2024``) has both readings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

Day = tuple[int | None, int | None, int | None]
"""Year, month and day, as far as they are said."""
Clock = tuple[int, int]
"""Hour (0 to 23) and minute."""
NAMES = (
    ("january januar janvier gennaio enero", "jan jän janv gen ene"),
    ("february februar février fevrier febbraio febrero", "feb févr fév"),
    ("march märz maerz mars marzo", "mar mär mrz"),
    ("april avril aprile abril", "apr avr abr"),
    ("may mai maggio mayo", "mag"),
    ("june juni juin giugno junio", "jun giu"),
    ("july juli juillet luglio julio", "jul juil lug"),
    ("august août aout agosto", "aug ago"),
    ("september septembre settembre septiembre setiembre", "sep sept set"),
    ("october oktober octobre ottobre octubre", "oct okt ott"),
    ("november novembre noviembre", "nov"),
    ("december dezember décembre decembre dicembre diciembre", "dec dez déc dic"),
)
"""Each month's names, and what they are shortened to beside a day or a year."""
FULL = {name: n for n, (full, _) in enumerate(NAMES, 1) for name in full.split()}
MONTHS = FULL | {name: n for n, (_, short) in enumerate(NAMES, 1) for name in short.split()}
ALSO_WORDS = frozenset({"may", "march", "august", "mars"})
"""Names of months that are other words too: alone they are months where they have a capital."""
WEEKDAYS = {
    name: n
    for n, names in enumerate(
        (
            "monday montag lundi lunedì lunes", "tuesday dienstag mardi martedì martes",
            "wednesday mittwoch mercredi mercoledì miércoles",
            "thursday donnerstag jeudi giovedì jueves", "friday freitag vendredi venerdì viernes",
            "saturday samstag sonnabend samedi sabato sábado",
            "sunday sonntag dimanche domenica domingo",
        )
    )
    for name in names.split()
}  # fmt: skip
_NAME = "|".join(sorted(MONTHS, key=len, reverse=True))
_INITIALS = "".join(sorted({name[0] for name in MONTHS}))
_FULL = "|".join(sorted(FULL, key=len, reverse=True))
_YEAR = r"(?:1[6-9]|20|21)\d\d"
_D = r"(?:0?[1-9]|[12]\d|3[01])"
_OF = r"(?:of\s+|de\s+|d['’])?"
_BETWEEN = (
    r"\s*(?:[-–—]|\b(?:bis(?:\s+zum)?|to|until|through|and|und|or|oder|au|et|ou|al|e|y|o)\b)"
    r"\s*(?:the\s+|el\s+)?"
)
DATE = re.compile(
    rf"""(?<!\w)(?=[\d{_INITIALS}])(?:
    (?<![\w.,])(?P<iso>(?P<iy>{_YEAR})[-/.](?P<im>0?[1-9]|1[0-2])[-/.](?P<id>{_D}))(?!\d|[-/.]\d)
    |(?<![\w,/-])(?<!\d\.)(?P<a>\d\d?)(?P<sep>[./-])\s?(?P<b>\d\d?)(?P=sep)\s?(?P<ny>{_YEAR}|\d\d)(?!\d|[-/.]\d)
    |(?<![\w.,/-])(?:(?P<first>{_D})(?:\.|º|°|er|st|nd|rd|th)?{_BETWEEN})?
        (?P<d>{_D})(?:\.|º|°|er|st|nd|rd|th)?\s*{_OF}(?P<dm>{_NAME})\b\.?
        (?:,?\s+(?:de\s+|del\s+)?(?P<dy>{_YEAR})(?!\d))?
    |\b(?P<m>{_NAME})\.?\s+(?P<md>{_D})(?:st|nd|rd|th)?(?!\d|[.:,]\d)
        (?:\s?[-–]\s?(?P<last>{_D})(?:st|nd|rd|th)?(?!\d|[.:]\d))?(?:,?\s+(?P<my>{_YEAR})(?!\d))?
    |\b(?P<n>{_NAME})\.?\s+(?:of\s+|de\s+|del\s+)?(?P<ty>{_YEAR})(?!\d)
    |(?<![\w.,/-])(?P<sm>0?[1-9]|1[0-2])/(?P<sy>{_YEAR})(?!\d|[/.]\d)
    |(?<![\w.,/-])(?P<ey>{_YEAR})-(?P<em>0[1-9]|1[0-2])(?!\d|[-/.]\d)
    |(?<![\w.,/-])(?P<gd>{_D})\.\s?(?P<gm>0?[1-9]|1[0-2])\.(?!\d)
    |\b(?P<alone>{_FULL})\b)""",
    re.IGNORECASE | re.VERBOSE,
)
PARTS = (
    ("iy", "im", "id"), ("dy", "dm", "first"), ("dy", "dm", "d"), ("my", "m", "md"),
    ("my", "m", "last"), ("ty", "n", ""), ("sy", "sm", ""), ("ey", "em", ""), ("", "gm", "gd"),
    ("", "alone", ""),
)  # fmt: skip
"""The groups of ``DATE`` that name a year, its month and its day, where they have matched."""
_AM = r"[ap]\.?\s?m\b\.?"
TIME = re.compile(
    rf"""(?<![\w.,:/])(?P<h>[01]?\d|2[0-4])(?:(?P<colon>:)|(?P<other>[.h]))(?P<min>[0-5]\d)(?!\d|[.,:]\d)
        (?:\s?(?P<half>{_AM}|uhr\b|h\b))?
    |(?<![\w.,:/])(?P<whole>[01]?\d|2[0-4])\s?(?P<named>{_AM}|uhr\b|o['’]clock\b)""",
    re.IGNORECASE | re.VERBOSE,
)
BEFORE_TIME = re.compile(r"(?:\balle|\bdalle|\bore|\bum|\bat)\s\Z", re.IGNORECASE)
"""What stands before a time whose minutes follow a full stop: «alle 8.30»."""
LEADING = 48
"""Characters before a value that are looked at for what leads it: more than any lead has."""
WEEKDAY = re.compile(
    rf"\b({'|'.join(WEEKDAYS)})(?:s|(?:vor|nach)?mittags?|morgens?|abends?|nachts?)?\b",
    re.IGNORECASE,
)
CENTURY_TURN = 70
"""A year of two digits below this is of the 2000s."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A date in a text: where it stands, and how it may be read."""

    start: int
    end: int
    readings: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class Timed:
    """A time of the day in a text; ``said`` is the hour as it is written."""

    start: int
    end: int
    clock: Clock
    said: int


@lru_cache(maxsize=2_000)
def dates(text: str) -> tuple[Dated, ...]:
    """The dates of a text, months and days by themselves included."""
    return tuple(_dates(text))


def _dates(text: str) -> Iterator[Dated]:
    for match in DATE.finditer(text):
        for (start, end), days in _readings(text, match):
            readings = tuple(day for day in days if _is_day(day))
            if readings:
                yield Dated(start, end, readings)


Read = tuple[tuple[int, int], tuple[Day, ...]]
"""Where a date stands, and its readings."""


def _readings(text: str, match: re.Match[str]) -> Iterator[Read]:
    """What a match says: of «3. bis 5. Mai» two days."""
    if match["a"]:
        yield match.span(), _in_digits(match)
        return
    if match["alone"] and not _is_month(match["alone"], text, match):
        return
    said = [part for part in PARTS if match[part[1]] and (not part[2] or match[part[2]])]
    for n, (year, month, day) in enumerate(said):
        start = match.start(day) if n else match.start()
        end = match.end(day) if n + 1 < len(said) else match.end()
        numbers = [int(match[part]) if part and match[part] else None for part in (year, day)]
        yield (start, end), ((numbers[0], _month(match[month]), numbers[1]),)


def _in_digits(found: re.Match[str]) -> tuple[Day, ...]:
    """«5.3.2024» is in March; «5/3/2024» may be in May, and «5-3-2024» too."""
    one, two, digits = int(found["a"]), int(found["b"]), found["ny"]
    if found["sep"] == "-" and len(digits) == 2:
        return ()
    year = int(digits)
    if len(digits) == 2:
        year += 2000 if year < CENTURY_TURN else 1900
    readings: list[Day] = [(year, two, one)]
    if found["sep"] != "." and one != two:
        readings.append((year, one, two))
    return tuple(readings)


def _month(name: str) -> int:
    return int(name) if name.isdigit() else MONTHS[name.casefold()]


def _is_month(name: str, text: str, match: re.Match[str]) -> bool:
    """«May» is a month within a sentence; «may» is none, and «May I …?» is none."""
    if name.casefold() not in ALSO_WORDS:
        return True
    before = text[: match.start()].rstrip()
    return name.casefold() == "mars" or (
        name[0].isupper() and bool(before) and before[-1] not in ".!?"
    )


def _is_day(day: Day) -> bool:
    _, month, of_month = day
    return (month is None or 1 <= month <= 12) and (of_month is None or 1 <= of_month <= 31)


@lru_cache(maxsize=2_000)
def times(text: str) -> tuple[Timed, ...]:
    """The times of the day of a text."""
    return tuple(_times(text))


def _times(text: str) -> Iterator[Timed]:
    for match in TIME.finditer(text):
        named = (match["half"] or match["named"] or "").casefold()
        said = int(match["h"] or match["whole"])
        before = text[max(0, match.start() - LEADING) : match.start()]
        if match["other"] == "." and not named and not BEFORE_TIME.search(before):
            continue
        hour = said % 24
        if named[:1] in ("a", "p"):
            hour = said % 12 + (12 if named[0] == "p" else 0)
        yield Timed(match.start(), match.end(), (hour, int(match["min"] or 0)), said)


def weekdays(text: str) -> set[int]:
    """The days of the week that a text names, Monday is 0."""
    return {WEEKDAYS[found.casefold()] for found in WEEKDAY.findall(text)}
