"""Moments as files write them; what is given of them are seconds since the epoch."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from kb.text import periods

PDF = re.compile(
    r"(\d{4})(?![-/.]\d\d?(?:[-/.]|\Z))(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*(?:([+-])(\d\d)'?(\d\d)?|Z)?"
)
"""«20240305101500+01'00'»; not «2024-03-05», as other programs write it."""


def of_header(value: str) -> float | None:
    """The moment that a mail's header names (Unix seconds); None where it names none."""
    try:
        return _seconds(parsedate_to_datetime(value))
    except (TypeError, ValueError, OverflowError, IndexError):  # as many as there are programs
        return None


def of_text(value: str | None) -> float | None:
    """A moment (Unix seconds) as ISO 8601 says, as mails do, or in words; None where it is none."""
    text = " ".join((value or "").split())[:80]
    try:
        return _seconds(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        pass
    found = periods.at_start(text, day_first=None) if text else None
    if found is not None and found[1] == len(text):
        return found[0].moment
    return of_header(text) if text else None


def of_pdf(value: str | None) -> float | None:
    """The moment (Unix seconds) of «D:20240305101500+01'00'», as far as it goes.

    Anything else is read as by :func:`of_text`.
    """
    said = (value or "").strip().removeprefix("D:").lstrip()
    found = PDF.match(said)
    if found is None:
        return of_text(said)
    moment = of_parts(*(int(part) if part else None for part in found.groups()[:6]))
    if moment is None:
        return None
    sign, hours, minutes = found.groups()[6:]
    ahead = int(hours or 0) * 3600 + int(minutes or 0) * 60
    return moment + ahead if sign == "-" else moment - ahead


def of_parts(*parts: int | None) -> float | None:
    """The moment (Unix seconds) of year, month, day, hour, minute and second in UTC.

    What is not said is the first one.
    """
    least = (1, 1, 1, 0, 0, 0)
    year, month, day, hour, minute, second = (
        part or start for part, start in zip(parts, least, strict=True)
    )
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    return moment.timestamp()


def of_moment(value: object) -> float | None:
    """A moment (Unix seconds) that another library has read; without a zone it is in UTC."""
    return _seconds(value) if isinstance(value, datetime) else None


def _seconds(moment: datetime) -> float | None:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        return None
