"""Numbers as a sheet shows them: leading zeros, prefixes, units, percent, dates, durations.

What depends on the reader's own settings is written so that nobody misreads it: no marks between
thousands, a point before decimals.
"""

import datetime as dt
import math
from fractions import Fraction

from ingest.parsers.date_formats import dated, day_of
from ingest.parsers.format_codes import LONGEST, Section, Token, literal, sections

Value = int | float | dt.datetime | dt.time | dt.timedelta


def shown(value: Value, code: str | None) -> str:
    """A number, date or duration by its format code."""
    if not code or len(code) > LONGEST:
        return plain(value)
    variants = sections(code)
    if isinstance(value, int | float):
        return _number(value, variants, code)
    return dated(value, variants[0], code) or plain(value)


def shown_text(text: str, code: str | None) -> str:
    """A text by its format code, which may put something around it."""
    if not code or "@" not in code or len(code) > LONGEST:
        return text
    tokens = sections(code)[-1].tokens
    around = "".join(text if t.text == "@" and t.kind == "other" else literal(t) for t in tokens)
    return around if text in around else text


def plain(value: Value) -> str:
    """A value without a format."""
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d}" if value.time() == dt.time(0) else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, int):
        return str(value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _number(value: float, variants: tuple[Section, ...], code: str) -> str:
    if not math.isfinite(value):
        return plain(value)
    section, is_absolute = _chosen(value, variants)
    if section.has("date", "elapsed"):
        moment = _moment(value, section)
        return plain(value) if moment is None else dated(moment, section, code) or plain(moment)
    if section.has("general") or not section.tokens or not section.has("digit"):
        around = "".join(
            plain(value) if t.kind == "general" else literal(t) for t in section.tokens
        )
        return " ".join(around.split()) or plain(value)
    text = _digits(abs(value), section)
    sign = "-" if value < 0 and not is_absolute and any(c in "123456789" for c in text) else ""
    return sign + " ".join(text.split())


def _moment(value: float, section: Section) -> dt.datetime | dt.timedelta | None:
    try:
        return dt.timedelta(days=value) if section.has("elapsed") else day_of(value)
    except OverflowError:
        return None


def _chosen(value: float, sections: tuple[Section, ...]) -> tuple[Section, bool]:
    """The variant for a number, and whether that says the sign itself."""
    if any(s.condition for s in sections[:2]):
        for section in sections[:2]:
            if section.condition is None or _meets(value, *section.condition):
                return section, False
        return sections[min(2, len(sections) - 1)], False
    numbers = [s for s in sections if not any(t.text == "@" for t in s.tokens)] or list(sections)
    if value < 0 and len(numbers) > 1:
        return numbers[1], True
    if value == 0 and len(numbers) > 2:
        return numbers[2], True
    return numbers[0], False


def _meets(value: float, operator: str, limit: float) -> bool:
    return {
        "<": value < limit, ">": value > limit, "=": value == limit, "<=": value <= limit,
        ">=": value >= limit, "<>": value != limit,
    }[operator]  # fmt: skip


def _digits(value: float, section: Section) -> str:
    """A number that is not negative, in the places that a section has for its digits."""
    tokens = [*section.tokens]
    if any(t.kind == "other" and t.text == "/" for t in tokens):
        return _fraction(value, tokens)
    value *= 100 ** sum(t.kind == "other" and t.text == "%" for t in tokens)
    at = next((n for n, t in enumerate(tokens) if t.kind == "exponent"), None)
    if at is not None:
        places = sum(t.kind == "digit" for t in tokens[_point(tokens[:at]) : at])
        return f"{value:.{places}E}"
    point = _point(tokens)
    value /= 1000 ** _scaling(tokens[:point])
    decimals = sum(t.kind == "digit" for t in tokens[point:])
    needed = sum(t.kind == "digit" and t.text == "0" for t in tokens[point:])
    whole, _, rest = f"{_rounded(value, decimals):.{decimals}f}".partition(".")
    rest = rest[:needed] + rest[needed:].rstrip("0")
    return _whole(whole, tokens[:point]) + _rest(rest, tokens[point:])


def _rounded(value: float, decimals: int) -> float:
    """Half away from zero, as sheets do, of what the number says in 15 digits."""
    if value >= 1e15:
        return value
    scaled = float(f"{value * 10**decimals:.15g}")
    return math.floor(scaled + 0.5) / 10.0**decimals


def _point(tokens: list[Token]) -> int:
    return next(
        (n for n, t in enumerate(tokens) if (t.kind, t.text) == ("other", ".")), len(tokens)
    )


def _scaling(tokens: list[Token]) -> int:
    """Commas behind the last digit: each is a thousand."""
    last = max((n for n, t in enumerate(tokens) if t.kind == "digit"), default=len(tokens))
    return sum((t.kind, t.text) == ("other", ",") for t in tokens[last + 1 :])


def _whole(digits: str, tokens: list[Token]) -> str:
    """Digits before the point, from the last to the first place; what is over stands first."""
    left = list(digits.lstrip("0"))
    places = sum(t.kind == "digit" for t in tokens)
    shown_: list[str] = []
    for token in reversed(tokens):
        if token.kind != "digit":
            shown_.append("" if token.text == "," and token.kind == "other" else literal(token))
            continue
        places -= 1
        if left:
            shown_.append(left.pop())
        elif token.text != "#":
            shown_.append("0" if token.text == "0" else " ")
        if places == 0:
            shown_ += reversed(left)
            left = []
    return "".join(reversed(shown_)) if not left else "".join([*left, *reversed(shown_)])


def _rest(digits: str, tokens: list[Token]) -> str:
    """What stands behind the point, and the point where there is a digit."""
    left = list(digits)
    pieces = []
    for token in tokens:
        if token.kind == "digit":
            pieces.append(left.pop(0) if left else "")
        elif (token.kind, token.text) == ("other", "."):
            pieces.append("." if digits else "")
        else:
            pieces.append("" if token.text == "," and token.kind == "other" else literal(token))
    return "".join(pieces)


def _fraction(value: float, tokens: list[Token]) -> str:
    at = next(n for n, t in enumerate(tokens) if (t.kind, t.text) == ("other", "/"))
    below = "".join(t.text for t in tokens[at + 1 :] if t.kind in {"digit", "other"}).strip()
    if below.isdecimal() and int(below):
        part = Fraction(round(value * int(below)), int(below))
    else:
        part = Fraction(value).limit_denominator(
            10 ** max(1, below.count("?") + below.count("#")) - 1
        )
    whole, rest = divmod(part.numerator, part.denominator)
    if not rest:
        return str(whole)
    return f"{whole} {rest}/{part.denominator}" if whole else f"{rest}/{part.denominator}"
