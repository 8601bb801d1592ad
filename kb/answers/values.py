"""Whether the numbers, dates and times that a sentence claims stand in a text, by value. Pure.

«71,25 €» is «71.25 euros», «14:00» is «2 pm», «31.03.2026» is «31 March 2026», «two weeks» are
«14 days». What has a unit is not the same with another one; where the text names no unit beside the
number (a table names it in its head), the number alone counts.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from kb.text import dates, quantities
from kb.text.dates import Day
from kb.text.quantities import Quantity

FALLS = re.compile(
    r"\b(?:f[ae]ll(?:s|en|ing)?|drop\w*|declin\w*|decreas\w*|reduc\w*|discount\w*|loss\w*|lost"
    r"|deduct\w*|less|down|s[iau]nk\w*|gesunken|fiel\w*|gefallen|rückgang\w*|rabatt\w*|verlust\w*"
    r"|abzug\w*|abzüg\w*|nachlass|minder\w*|weniger|baiss\w*|recul\w*|perte\w*|rédui\w*|remise"
    r"|diminu\w*|cal[oi]\b|cala\w*|perdit[ae]|sconto|ridu\w*|ribass\w*|baj\w*|descuento|pérdida"
    r"|caíd\w*)\b",
    re.IGNORECASE,
)
"""Words that say a minus: «fell by 5 %» is «−5 %»."""
FEWEST_JOINED = 4
"""Digits of a number that is looked for over the gaps in it: «DE89 3704 0044» is «DE8937040044»."""
HOUR = 3600
"""Seconds of an hour."""


@dataclass(frozen=True, slots=True)
class SaidValues:
    """What a text says by value. ``bare``: its numbers without units, parts of dates included."""

    quantities: tuple[Quantity, ...]
    days: tuple[tuple[Day, ...], ...]
    clocks: frozenset[tuple[int, int]]
    phones: tuple[str, ...]
    weekdays: frozenset[int]
    bare: frozenset[Decimal]
    labels: frozenset[str]
    joined: str
    falls: bool


@lru_cache(maxsize=2_000)
def said(text: str) -> SaidValues:
    """What a text says by value."""
    found, days, clocks = quantities.quantities(text), dates.dates(text), dates.times(text)
    bare = {q.raw for q in found} | {Decimal(t.said) for t in clocks}
    bare |= {Decimal(t.clock[1]) for t in clocks} | {Decimal(t.clock[0]) for t in clocks}
    for dated in days:
        bare |= {Decimal(part) for day in dated.readings for part in day if part is not None}
    return SaidValues(
        found,
        tuple(d.readings for d in days),
        frozenset(t.clock for t in clocks),
        tuple(digits for _, _, digits in quantities.phones(text)),
        frozenset(dates.weekdays(text)),
        frozenset(bare),
        frozenset(q.label for q in found if q.label),
        re.sub(r"[^\w]", "", text),
        bool(FALLS.search(text)),
    )


def missing(claim: str, text: str) -> bool:
    """Whether a number, date, time or telephone number of a sentence does not stand in a text."""
    claimed, there = said(claim), said(text)
    if claimed.quantities:
        there = replace(there, quantities=there.quantities + quantities.ones(text))
    return not (
        all(_has_quantity(there, q, falls=claimed.falls) for q in claimed.quantities)
        and all(_has_date(there, readings) for readings in claimed.days)
        and all(_has_clock(there, clock) for clock in claimed.clocks)
        and all(_has_phone(there, digits) for digits in claimed.phones)
        and claimed.weekdays <= there.weekdays
    )


def _has_quantity(there: SaidValues, wanted: Quantity, *, falls: bool) -> bool:
    if wanted.label:
        return wanted.label in there.labels or _stands_joined(there, wanted.label)
    alike = [q for q in there.quantities if not q.label]
    either = falls or there.falls
    if any(_same(q, wanted, either=either) for q in alike if q.dimension == wanted.dimension):
        return True
    if not wanted.dimension:
        return _has_bare(there, wanted, alike, either=either)
    plain = [q for q in alike if not q.dimension]
    if any(_same_raw(q, wanted, either=either) for q in plain):
        return True
    if wanted.dimension == "share" and any(q.value * 100 == wanted.value for q in plain):
        return True
    hours = wanted.value / HOUR
    return wanted.dimension == "time" and any(m == 0 and h == hours for h, m in there.clocks)


def _has_bare(
    there: SaidValues, wanted: Quantity, alike: Collection[Quantity], *, either: bool
) -> bool:
    """A number without a unit, whatever the text has beside it."""
    signed = [q for q in alike if q.raw == wanted.raw]
    if signed:
        return any(_same_raw(q, wanted, either=either) for q in signed)
    if wanted.value >= 0 and wanted.raw in there.bare:
        return True
    return _stands_joined(there, str(wanted.raw)) if wanted.raw == int(wanted.raw) else False


def _stands_joined(there: SaidValues, digits: str) -> bool:
    plain = re.sub(r"\D", "", digits)
    return len(plain) >= FEWEST_JOINED and bool(re.search(rf"(?<!\d)0*{plain}(?!\d)", there.joined))


def _same(one: Quantity, wanted: Quantity, *, either: bool) -> bool:
    a, b = (abs(one.value), abs(wanted.value)) if either else (one.value, wanted.value)
    return a == b or (wanted.step > 0 and abs(a - b) * 2 <= wanted.step)


def _same_raw(one: Quantity, wanted: Quantity, *, either: bool) -> bool:
    same_sign = either or (one.value < 0) == (wanted.value < 0)
    near = wanted.step > 0 and abs(one.raw - wanted.raw) * 2 <= wanted.step
    return same_sign and (one.raw == wanted.raw or near)


def _has_date(there: SaidValues, readings: tuple[Day, ...]) -> bool:
    return any(_has_day(there, wanted) for wanted in readings)


def _has_day(there: SaidValues, wanted: Day) -> bool:
    """The day itself, or the parts of it where the text has them apart («the 3rd of that May»)."""
    year, month, day = wanted
    every = [d for readings in there.days for d in readings]
    year_stands = year is None or Decimal(year) in there.bare
    for one in every:
        if one[1] == month and one[2] == day and (one[0] == year or year is None):
            return True
        if one[1] == month and day is None and (year is None or one[0] == year):
            return True
        if one[1] == month and one[2] == day and one[0] is None and year_stands:
            return True
    alone = [
        d
        for d in every
        if d[1] == month and d[2] is None and (year is None or d[0] in (None, year))
    ]
    if day is None:
        return bool(alone) and year_stands
    numbers = {q.raw for q in there.quantities}
    return bool(alone) and year_stands and Decimal(day) in numbers


def _has_clock(there: SaidValues, clock: tuple[int, int]) -> bool:
    hour, minute = clock
    if clock in there.clocks:
        return True
    if minute == 0:
        return any(
            q.raw == hour or (hour == 12 and q.raw == 0)
            for q in there.quantities
            if not q.dimension or q.dimension == "time"
        )
    return any(q.raw == Decimal(f"{hour}.{minute:02d}") for q in there.quantities)


def _has_phone(there: SaidValues, digits: str) -> bool:
    stands = any(quantities.same_phone(one, digits) for one in there.phones)
    return stands or digits.lstrip("0") in there.joined
