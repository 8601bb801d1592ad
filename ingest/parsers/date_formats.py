"""Dates, times and durations as a sheet shows them.

Where a code names a month in words, or is one of those that each program shows in the way of its
reader's country, the date is written as ISO 8601 says: nobody misreads it.
"""

import datetime as dt
import itertools
from fractions import Fraction

from ingest.parsers.format_codes import FormatSection, FormatToken, literal

LOCAL = {"mm-dd-yy", "m/d/yy", "m/d/yy h:mm", "mm/dd/yyyy", "m/d/yyyy", "m/d/yyyy h:mm"}
"""The built-in codes for which each program shows the date of its reader's country."""
SINCE_1904 = 1462
"""Days from the older calendar of sheets to the one of the Macintosh."""
SECONDS = 86_400
"""Seconds of a day."""
MOST_PLACES = 6
"""Most decimals of seconds that are shown: microseconds."""
HALVES = {"A/P": ("A", "P"), "上午/下午": ("上午", "下午")}
MICROSECOND = dt.timedelta(microseconds=1)
FIRST_DAY = dt.datetime.fromisoformat("1899-12-30")
"""The day of the number 0; sheets know no time zones."""


def day_of(serial: float) -> dt.datetime | None:
    """The moment that a sheet's number stands for; None where it is none."""
    try:
        return FIRST_DAY + dt.timedelta(seconds=round(serial * SECONDS, 3))
    except (OverflowError, ValueError):
        return None


def dated(value: dt.datetime | dt.timedelta, section: FormatSection, code: str) -> str:
    """A date or duration; nothing where the code does not say how, for everybody alike."""
    is_local = code.split(";", maxsplit=1)[0].lower() in LOCAL
    if is_local or any(_is_of_words(token) for token in section.tokens):
        return ""
    if isinstance(value, dt.timedelta):
        return _duration(value, section)
    moment = _rounded(value, _places(section.tokens))
    half = section.has("half")
    pieces = (_piece(moment, section.tokens, n, half=half) for n in range(len(section.tokens)))
    return " ".join("".join(pieces).split())


def _is_of_words(token: FormatToken) -> bool:
    """A month or day by its name, or a year of an era."""
    return token.kind == "era" or (
        token.kind == "date" and token.text[0] in "md" and len(token.text) > 2
    )


def _places(tokens: tuple[FormatToken, ...]) -> int:
    """Decimals of the seconds."""
    for at in range(len(tokens)):
        if _is_point(tokens, at):
            behind = itertools.takewhile(lambda t: t.kind == "digit", tokens[at + 1 :])
            return min(MOST_PLACES, sum(1 for _ in behind))
    return 0


def _is_point(tokens: tuple[FormatToken, ...], at: int) -> bool:
    """Whether decimals of seconds follow."""
    is_point = tokens[at].is_mark(".") or tokens[at].is_mark(",")
    return is_point and at + 1 < len(tokens) and tokens[at + 1].kind == "digit"


def _rounded(moment: dt.datetime, places: int) -> dt.datetime:
    if not places:
        return moment
    step = 10 ** (6 - places)
    left = (moment.microsecond + step // 2) // step * step - moment.microsecond
    try:
        return moment + dt.timedelta(microseconds=left)
    except OverflowError:
        return moment


def _piece(moment: dt.datetime, tokens: tuple[FormatToken, ...], at: int, *, half: bool) -> str:
    token = tokens[at]
    if token.kind == "half":
        return HALVES.get(token.text.upper(), ("AM", "PM"))[moment.hour >= 12]
    if token.kind != "date":
        if _is_point(tokens, at):
            return f".{moment.microsecond:06d}"[: 1 + _places(tokens)]
        return literal(token)
    letter, width = token.text[0], len(token.text)
    if letter == "y":
        return f"{moment.year:04d}" if width > 2 else f"{moment.year % 100:02d}"
    if letter == "m" and _is_minute(tokens, at):
        letter = "n"
    hour = (moment.hour % 12 or 12) if half else moment.hour
    number = {"m": moment.month, "d": moment.day, "h": hour, "n": moment.minute,
              "s": moment.second}[letter]  # fmt: skip
    return f"{number:0{min(width, 2)}d}"


def _is_minute(tokens: tuple[FormatToken, ...], at: int) -> bool:
    """An m beside hours or seconds."""
    before = [t.text[0] for t in tokens[:at] if t.kind in {"date", "elapsed"}]
    after = [t.text[0] for t in tokens[at + 1 :] if t.kind in {"date", "elapsed"}]
    return before[-1:] == ["h"] or after[:1] == ["s"]


def _duration(value: dt.timedelta, section: FormatSection) -> str:
    places = _places(section.tokens)
    left = Fraction(round(abs(Fraction(value / MICROSECOND) / 10 ** (6 - places))), 10**places)
    sign = "-" if value < dt.timedelta(0) else ""
    pieces = []
    for at, token in enumerate(section.tokens):
        if _is_point(section.tokens, at):
            pieces.append(f".{int(left * 10**places):0{places}d}")
        if token.kind not in {"date", "elapsed"}:
            pieces.append("" if _is_point(section.tokens, at) else literal(token))
            continue
        unit = {"h": 3600, "m": 60, "s": 1, "d": SECONDS, "y": SECONDS}[token.text[0]]
        number, left = divmod(left, unit)
        pieces.append(f"{int(number):0{len(token.text)}d}")
    return sign + " ".join("".join(pieces).split())
