"""Templates with the words, numbers and times of the reader's language."""

import re
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request

from kb import __version__
from kb.surface import faults, notices
from web.i18n import language_of, languages, translations

FIGURE = re.compile(r"(?=.*\d)(?:[\d\s.,:;/%€$£¥+\-−–()'’*]{1,40}|\S{1,24})")
"""A cell that is broken nowhere: a number, date or time with its signs, or a short code."""
OWN_NAMES = {code: str(Locale(code).display_name).capitalize() for code in languages()}
"""Each language in its own words."""


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters["number"] = lambda n: (
        "" if n is None else format_decimal(n, locale=language)
    )
    environment.filters["decimal"] = lambda n, places=1: format_decimal(
        n, format=f"#,##0.{'0' * places}", locale=language
    )
    environment.filters["signed"] = lambda n: format_decimal(
        n, format="+0.000;-0.000", locale=language
    )
    environment.filters["size"] = lambda n: _size(n, language)
    environment.filters["ago"] = lambda t: _ago(t, language)
    environment.filters["day"] = lambda t: format_date(
        datetime.fromtimestamp(t, UTC), "medium", locale=language
    )
    environment.filters["period"] = lambda t, precision: _period(t, precision, language)
    environment.globals["error_words"] = lambda error: faults.sentence(
        error, translations(language)
    )
    environment.globals["ended_with"] = lambda error: faults.stored(error, translations(language))
    environment.globals["notice_words"] = lambda notice: notices.render(
        notice, translations(language).gettext
    )
    environment.filters["language_name"] = lambda code: Locale(language).languages.get(code) or code
    environment.filters["is_figure"] = lambda pieces: bool(
        FIGURE.fullmatch("".join(piece.text for piece in pieces).strip())
    )
    environment.filters["moment"] = lambda t: _moment(t, language)
    return environment


def render(request: Request[Any, Any, Any], template: str, values: dict[str, Any]) -> str:
    """A page as HTML."""
    visitor = request.state.get("visitor")
    return page(template, language_of(request), request.url.path, values, visitor)


def page(
    template: str, language: str, path: str, values: dict[str, Any], visitor: Any = None
) -> str:
    """A page as HTML, in a language, with the address that it stands at."""
    return (
        _environment(language)
        .get_template(template)
        .render(
            language=language,
            languages=languages(),
            own_names=OWN_NAMES,
            version=__version__,
            path=path,
            visitor=visitor,
            **values,
        )
    )


def _size(count: int | None, language: str) -> str:
    if count is None:
        return ""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{format_decimal(round(size, 1), locale=language)} {unit}"


def _ago(moment: float | None, language: str) -> str:
    if not moment:
        return "–"
    seconds = int(moment - time.time()) or -1  # "in 0 seconds" is just now
    return format_timedelta(seconds, add_direction=True, locale=language)


SPANS = {"month": "LLLL y", "quarter": "QQQ y", "year": "y"}
"""How a month, a quarter or a year is written, by Unicode's patterns for dates."""


def _period(moment: float, precision: str | None, language: str) -> str:
    """A date as exact as it is known: «5 Mar 2024», «March 2024», «Q1 2024», «2024»."""
    pattern = SPANS.get(precision or "", "medium")
    return format_date(datetime.fromtimestamp(moment, UTC), pattern, locale=language)


def _moment(moment: float | None, language: str) -> str:
    if not moment:
        return ""
    local = datetime.fromtimestamp(moment, UTC).astimezone()
    return format_datetime(local, "medium", locale=language)
