"""How far the first reading of documents is, in the reader's words."""

from babel.dates import format_timedelta
from babel.numbers import format_decimal

from kb.surface import progress
from kb.types.library import FirstReading
from web.i18n import translations


def words(found: FirstReading | None, language: str) -> str | None:
    """A sentence; None where nothing is read for the first time."""
    if found is None:
        return None
    gettext, figures = translations(language).gettext, progress.figures(found)
    if figures is None:
        return gettext("Documents are being read; answers come from what has been read.")
    given = {
        "done": format_decimal(figures.done, locale=language),
        "total": format_decimal(figures.total, locale=language),
    }
    if figures.seconds_left is None:
        text = gettext("Reading: {done} of {total}; answers come from what has been read.")
        return text.format(**given)
    text = gettext(
        "Reading: {done} of {total}, about {time}; answers come from what has been read."
    )
    return text.format(**given, time=_time(figures.seconds_left, language))


def _time(seconds: int, language: str) -> str:
    """In minutes at the least: nobody waits for seconds."""
    return format_timedelta(max(60, seconds), granularity="minute", threshold=1.5, locale=language)
