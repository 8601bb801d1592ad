"""Numbers in a text by value: with their sign, their unit, and how exactly they are said. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from kb.text import dates
from kb.text.units import APART, FACTORS, MAGNITUDES, MONEY, UNIT, WORDED, unit_of

MARKS = "'’\u00a0\u2009\u202f"
"""What may stand between groups of three digits, beside full stop and comma."""
_DIGITS = (
    rf"\d{{1,3}}(?: \d{{3}})+(?:[.,]\d+)?(?!\d)(?=\s?{UNIT})|\d+(?:[.,]\d+|[{MARKS}]\d{{3}}(?!\d))*"
)
_WORDED = "|".join(sorted(WORDED, key=len, reverse=True))
_MANY = "|".join(pattern for _, pattern in MAGNITUDES)
QUANTITY = re.compile(
    rf"(?:(?<!\w)(?P<money>{MONEY})\s?)?(?P<sign>(?<![\w.,)%°€$£/’'+-])[-−–](?=\d))?"
    rf"(?P<number>(?<!\d)(?:{_DIGITS})|\b(?i:{_WORDED})\b)"
    rf"(?:[\s{MARKS}]?(?P<many>\b(?i:{_MANY})(?!\w)|(?<=\d)(?i:mio|mrd|tsd)\b\.?))?"
    rf"(?:(?:[\s{MARKS}-]|\s(?:de\s|di\s|d['’]))?(?P<unit>{UNIT}))?"
)
ONE = re.compile(rf"\b(?i:one|an?|eine?[nmrs]?|une?|un[oa]?)\s(?P<unit>{UNIT})")
MINUS = re.compile(
    r"(?<!\bau )(?<!\bal )(?<!\blo )(?<!\bdu )\b(?:minus|moins|meno|menos)\s\Z", re.IGNORECASE
)
BELOW = re.compile(
    r"\W{0,4}(?:unter null|below zero|sous zéro|au-dessous de zéro|sotto zero|bajo cero)",
    re.IGNORECASE,
)
LABEL = re.compile(
    r"(?:\b(?:version|versione|versión|release|v|section|sections|chapter|kapitel|abschnitt|ziffer"
    r"|artikel|article|articolo|artículo|art|paragraph|paragraf|anlage|annex|clause|nr|no|n°|nº"
    r"|num[eé]ro|número|punto|capitolo|sezione|sección)\.?\s?|§§?\s?)\Z",
    re.IGNORECASE,
)
"""What stands before a number that is a name: 2.10 is not 2.1 there."""
ABOUT = re.compile(
    r"\b(?:about|around|approximately|approx|roughly|nearly|almost|some|over|rund|etwa|circa|ca"
    r"|ungefähr|knapp|gut|fast|über|environ|près de|quasi|oltre|unos|unas|casi|aproximadamente"
    r"|più di|plus de|alrededor de|c\.a)\.?\s\Z",
    re.IGNORECASE,
)
PHONE = re.compile(
    r"(?<![\w.,:+/-])(?:\+|00?(?=[\d\s/(]))\d{0,4}(?:[ \u00a0]?\(0\))?"
    r"(?:[ \u00a0/()–-]{0,3}\d|\.\d\d(?!\d)){5,}(?!\d)"
)
FEWEST_DIGITS = 7
"""Digits of the shortest telephone number, with its area code."""
LEAST_TURNED = 6
"""Digits at the end by which two telephone numbers are the same, with and without a country."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text: ``value`` in its dimension's base unit, ``raw`` as it is written.

    ``label``: it is a name («version 2.10»), as it is written. ``about``: it is said roughly, to so
    many digits behind the point of ``step``.
    """

    start: int
    end: int
    value: Decimal
    raw: Decimal
    dimension: str
    label: str
    step: Decimal


@lru_cache(maxsize=2_000)
def phones(text: str) -> tuple[tuple[int, int, str], ...]:
    """The telephone numbers of a text: start, end, digits."""
    found = []
    masked = _without(text, [(d.start, d.end) for d in dates.dates(text)])
    for match in PHONE.finditer(masked):
        digits = re.sub(r"\D", "", match.group().replace("(0)", ""))
        if len(digits) >= FEWEST_DIGITS:
            found.append((match.start(), match.end(), digits))
    return tuple(found)


def same_phone(one: str, other: str) -> bool:
    """Whether two telephone numbers are one, with its country's or without."""
    shorter, longer = sorted((one.lstrip("0"), other.lstrip("0")), key=len)
    return (
        len(shorter) >= LEAST_TURNED
        and longer.endswith(shorter)
        and len(longer) - len(shorter) <= 3
    )


@lru_cache(maxsize=2_000)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The numbers of a text that are no part of a date, a time or a telephone number."""
    taken = [(d.start, d.end) for d in dates.dates(text)]
    taken += [(t.start, t.end) for t in dates.times(text)]
    taken += [(start, end) for start, end, _ in phones(text)]
    return tuple(_quantities(text, _without(text, taken)))


@lru_cache(maxsize=2_000)
def ones(text: str) -> tuple[Quantity, ...]:
    """Where a text says one of a unit, or a unit alone: «one year», «eine Woche»."""
    found = []
    for match in ONE.finditer(text):
        dimension, factor = _dimension(unit_of(match["unit"]))
        one = Decimal(1)
        found.append(Quantity(*match.span(), factor, one, dimension, "", Decimal(0)))
    return tuple(found)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    characters = list(text)
    for start, end in spans:
        characters[start:end] = "\0" * (end - start)
    return "".join(characters)


def _quantities(text: str, masked: str) -> Iterator[Quantity]:
    for match in QUANTITY.finditer(masked):
        number = match["number"]
        raw = Decimal(WORDED[number.casefold()]) if number.casefold() in WORDED else value(number)
        if raw is None:
            yield _label(match, number)
            continue
        before = text[max(0, match.start() - dates.LEADING) : match.start()]
        if LABEL.search(before) and not match["unit"] and "." in number:
            yield _label(match, number)
            continue
        many = _many(match["many"])
        is_below = match["sign"] or MINUS.search(before) or BELOW.match(text, match.end())
        signed = (-raw if is_below else raw) * many
        unit = unit_of(match["money"] or match["unit"] or "")
        dimension, factor = _dimension(unit)
        step = Decimal(0)
        if many > 1 or ABOUT.search(before):
            step = Decimal(1).scaleb(int(raw.as_tuple().exponent)) * many * factor
        yield Quantity(match.start(), match.end(), signed * factor, raw * many, dimension, "", step)


def _label(match: re.Match[str], number: str) -> Quantity:
    return Quantity(
        match.start(), match.end(), Decimal(-1), Decimal(-1), "label", number, Decimal(0)
    )


def _many(word: str | None) -> Decimal:
    if not word:
        return Decimal(1)
    folded = word.casefold().strip()
    return Decimal(next(n for n, pattern in MAGNITUDES if re.fullmatch(pattern, folded)))


def _dimension(unit: str | None) -> tuple[str, Decimal]:
    """What a unit measures, and how much of the base it is. Money is measured in each currency."""
    if unit is None:
        return "", Decimal(1)
    measured = APART.get(unit) or (unit if unit.startswith("currency") else unit.partition(" ")[0])
    return measured, Decimal(FACTORS[unit])


def value(number: str) -> Decimal | None:
    """``1,200``, ``1.200``, ``1'200`` and ``1200`` are one number; ``1.2`` and ``1,2`` another.

    None: it is no number but a name, as ``2.10.3``.
    """
    plain = re.sub(rf"[{MARKS} ]", "", number)
    parts = re.split(r"[.,]", plain)
    if len(parts) == 1:
        return Decimal(plain)
    marks = re.findall(r"[.,]", plain)
    grouped = len(parts[0]) <= 3 and parts[0] != "0" and all(len(p) == 3 for p in parts[1:])
    if grouped and len(set(marks)) == 1:
        return Decimal("".join(parts))
    is_decimal = len(parts) == 2 or (
        marks[-1] not in marks[:-1] and all(len(p) == 3 for p in parts[1:-1])
    )
    return Decimal(f"{''.join(parts[:-1])}.{parts[-1]}") if is_decimal else None
