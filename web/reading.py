"""How far the first reading of documents is, in the reader's words."""

from collections.abc import Callable

from babel.dates import format_timedelta
from babel.numbers import format_decimal

from kb.surface import progress
from kb.types.library import FirstReading
from web.i18n import translations


def words(found: FirstReading | None, language: str) -> str | None:
    """A sentence; None where nothing is read for the first time."""
    standing = progress.standing(found)
    if standing is None:
        return None
    gettext: Callable[[str], str] = translations(language).gettext
    if standing["total"] is None:
        return gettext("Documents are being read; answers come from what has been read.")
    given = {
        "done": format_decimal(standing["done"], locale=language),
        "total": format_decimal(standing["total"], locale=language),
    }
    left = standing["seconds_left"]
    if left is None:
        text = gettext("Reading: {done} of {total}; answers come from what has been read.")
        return text.format(**given)
    text = gettext(
        "Reading: {done} of {total}, about {time}; answers come from what has been read."
    )
    return text.format(**given, time=_time(left, language))


def _time(seconds: int, language: str) -> str:
    """In minutes at the least: nobody waits for seconds."""
    return format_timedelta(max(60, seconds), granularity="minute", threshold=1.5, locale=language)
