"""Numbers as a sheet shows them: leading zeros, prefixes, units, percent, dates, durations.

What depends on the reader's own settings is written so that nobody misreads it: no marks between
thousands, a point before decimals.
"""

import datetime as dt
import math
import re
from fractions import Fraction

from ingest.parsers.date_formats import dated, day_of
from ingest.parsers.format_codes import LONGEST, FormatSection, FormatToken, literal, sections

FILLED_SIGN = re.compile(r"^\s*-\s+(?=\d)")
"""A sign at the cell's edge, and blanks down to the number."""
TEXTS = 4
"""The variant that is for texts."""
MOST_DIGITS = 7
"""Of a fraction's lower number."""


def shown(value: float, code: str | None) -> str:
    """A number by its format code, which may show it as a date or a duration."""
    if not code or len(code) > LONGEST:
        return plain(value)
    return _number(value, sections(code), code)


def is_day(code: str | None) -> bool:
    """Whether a format shows numbers as dates."""
    return code is not None and len(code) <= LONGEST and sections(code)[0].has("date")


def shown_text(text: str, code: str | None) -> str:
    """A text by its format code, which may put something around it, or show none."""
    if not code or len(code) > LONGEST:
        return text
    variants = sections(code)
    if len(variants) < TEXTS and not variants[-1].has("text"):
        return text
    tokens = variants[min(len(variants), TEXTS) - 1].tokens
    return "".join(text if _is_value(t) else literal(t) for t in tokens)


def _is_value(token: FormatToken) -> bool:
    """Whether a token stands for the whole value, as it is without a format."""
    return token.kind in {"text", "general"}


def plain(value: float | dt.datetime | dt.timedelta) -> str:
    """A value without a format."""
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d}" if value.time() == dt.time(0) else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, int):
        return str(value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _number(value: float, variants: tuple[FormatSection, ...], code: str) -> str:
    if not math.isfinite(value):
        return plain(value)
    chosen = _chosen(value, variants)
    if chosen is None:
        return plain(value)
    section, is_absolute = chosen
    if section.has("date", "elapsed"):
        moment = _moment(value, section)
        return plain(value) if moment is None else dated(moment, section, code) or plain(moment)
    if section.has("general") or not section.has("digit"):
        whole = plain(abs(value) if is_absolute else value)
        around = (whole if _is_value(t) else literal(t) for t in section.tokens)
        return " ".join("".join(around).split())
    text = FILLED_SIGN.sub("-", _digits(abs(value), section))
    sign = "-" if value < 0 and not is_absolute and _is_some(text) else ""
    return sign + " ".join(text.split())


def _is_some(text: str) -> bool:
    """Whether what is shown is not nought."""
    return any(c in "123456789" for c in text.split("/", maxsplit=1)[0])


def _moment(value: float, section: FormatSection) -> dt.datetime | dt.timedelta | None:
    try:
        return dt.timedelta(days=value) if section.has("elapsed") else day_of(value)
    except OverflowError:
        return None


def _chosen(value: float, sections: tuple[FormatSection, ...]) -> tuple[FormatSection, bool] | None:
    """The variant for a number, and whether that says the sign itself; None: all are for texts."""
    numbers = [s for s in sections[: TEXTS - 1] if not s.has("text")]
    if not numbers:
        return None
    first, count = numbers[0], len(numbers)
    if first.condition is not None:
        is_first = _meets(value, *first.condition)
    else:
        is_first = value > 0 or count == 1 or (count == 2 and value == 0)
    if is_first or count == 1:
        return first, first.condition is not None and count > 1
    second = numbers[1]
    if second.condition is not None:
        is_second = _meets(value, *second.condition)
    else:
        is_second = value < 0 or count == 2
    return (second, True) if is_second or count == 2 else (numbers[2], False)


def _meets(value: float, operator: str, limit: float) -> bool:
    return {
        "<": value < limit, ">": value > limit, "=": value == limit, "<=": value <= limit,
        ">=": value >= limit, "<>": value != limit,
    }[operator]  # fmt: skip


def _digits(value: float, section: FormatSection) -> str:
    """A number that is not negative, in the places that a section has for its digits."""
    tokens = [*section.tokens]
    if any(t.is_mark("/") for t in tokens):
        return _fraction(value, tokens)
    value *= 100 ** sum(t.is_mark("%") for t in tokens)
    at = next((n for n, t in enumerate(tokens) if t.kind == "exponent"), None)
    if at is not None:
        return _scientific(value, tokens[:at], tokens[at:])
    value /= 1000 ** _scaling(tokens)
    return _decimal(value, tokens)


def _decimal(value: float, tokens: list[FormatToken]) -> str:
    point = _point(tokens)
    decimals = sum(t.kind == "digit" for t in tokens[point:])
    needed = sum(t.kind == "digit" and t.text == "0" for t in tokens[point:])
    whole, _, rest = f"{_rounded(value, decimals):.{decimals}f}".partition(".")
    rest = rest[:needed] + rest[needed:].rstrip("0")
    return _whole(whole, tokens[:point]) + _rest(rest, tokens[point:])


def _scientific(value: float, tokens: list[FormatToken], after: list[FormatToken]) -> str:
    """As many digits before the point as there are places: the exponent goes in steps of them."""
    point = _point(tokens)
    step = max(1, sum(t.kind == "digit" for t in tokens[:point]))
    decimals = sum(t.kind == "digit" for t in tokens[point:])
    power = 0
    if value:
        power = math.floor(math.log10(value)) // step * step
        if _rounded(value / 10.0**power, decimals) >= 10.0**step:
            power += step
    width = sum(t.kind == "digit" for t in after)
    sign = "-" if power < 0 else "+" if after[0].text.endswith("+") else ""
    rest = "".join(literal(t) for t in after[1:] if t.kind != "digit")
    return f"{_decimal(value / 10.0**power, tokens)}E{sign}{abs(power):0{width}d}{rest}"


def _rounded(value: float, decimals: int) -> float:
    """Half away from zero, as sheets do, of what the number says in 15 digits."""
    if value >= 1e15:
        return value
    scaled = float(f"{value * 10**decimals:.15g}")
    return math.floor(scaled + 0.5) / 10.0**decimals


def _point(tokens: list[FormatToken]) -> int:
    return next((n for n, t in enumerate(tokens) if t.is_mark(".")), len(tokens))


def _scaling(tokens: list[FormatToken]) -> int:
    """Commas behind the last digit: each is a thousand."""
    last = max((n for n, t in enumerate(tokens) if t.kind == "digit"), default=len(tokens))
    return sum(t.is_mark(",") for t in tokens[last + 1 :])


def _whole(digits: str, tokens: list[FormatToken]) -> str:
    """Digits before the point, from the last to the first place; what is over stands first."""
    left = list(digits.lstrip("0"))
    places = sum(t.kind == "digit" for t in tokens)
    shown_: list[str] = []
    for token in reversed(tokens):
        if token.kind != "digit":
            shown_.append("" if token.is_mark(",") else literal(token))
            continue
        places -= 1
        if left:
            shown_.append(left.pop())
        elif token.text != "#":
            shown_.append("0" if token.text == "0" else " ")
        if places == 0:
            shown_ += reversed(left)
            left = []
    return "".join([*left, *reversed(shown_)])


def _rest(digits: str, tokens: list[FormatToken]) -> str:
    """What stands behind the point, and the point where there is a digit."""
    left = list(digits)
    pieces = []
    for token in tokens:
        if token.kind == "digit":
            pieces.append(left.pop(0) if left else "")
        elif token.is_mark("."):
            pieces.append("." if digits else "")
        else:
            pieces.append("" if token.is_mark(",") else literal(token))
    return "".join(pieces)


def _fraction(value: float, tokens: list[FormatToken]) -> str:
    """A whole number and a fraction, or the fraction alone where there is no place for a whole."""
    at = next(n for n, t in enumerate(tokens) if t.is_mark("/"))
    above = "".join(t.text if t.kind == "digit" else " " for t in tokens[:at]).split()
    below = "".join(t.text for t in tokens[at + 1 :] if t.kind in {"digit", "other"}).strip()
    if below.isdecimal() and int(below):
        bottom = int(below)
        top = math.floor(value * bottom + 0.5)
    else:
        most = 10 ** min(MOST_DIGITS, max(1, sum(below.count(c) for c in "?#0"))) - 1
        part = Fraction(value).limit_denominator(most)
        top, bottom = part.numerator, part.denominator
    has_whole = len(above) > 1
    whole, rest = divmod(top, bottom) if has_whole else (0, top)
    if has_whole and not rest:
        return str(whole)
    return f"{whole} {rest}/{bottom}" if whole else f"{rest}/{bottom}"
