"""The words of the pages in the reader's language, from ``locale/*/messages.po``."""

from collections.abc import Callable
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from litestar import Request
from litestar.connection import ASGIConnection

from web.jar import value_of

LOCALE = Path(__file__).parent / "locale"
COOKIE = "kb_language"


@cache
def languages() -> tuple[str, ...]:
    """English, and every language with a catalogue."""
    return ("en", *sorted(p.parent.name for p in LOCALE.glob("*/messages.po")))


@cache
def translations(language: str) -> NullTranslations:
    """The words of one language; English stands in the code itself."""
    if language == "en" or language not in languages():
        return NullTranslations()
    with (LOCALE / language / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def language_of(request: Request[Any, Any, Any]) -> str:
    """The language that the reader chose, else the administrator, else the browser."""
    return preferred(request, request.app.state.kb_settings.language)


def translate(request: Request[Any, Any, Any]) -> Callable[[str], str]:
    """Turns a text into the reader's language."""
    return translations(language_of(request)).gettext


def preferred(connection: ASGIConnection[Any, Any, Any, Any], administrators: str) -> str:
    """The reader's language before a request has reached the application."""
    wanted = [value_of(connection, COOKIE), administrators]
    wanted += _accepted(connection.headers.get("accept-language", ""))
    return next((w for w in wanted if w in languages()), "en")


def _accepted(header: str) -> list[str]:
    weighed = []
    for part in header.split(",")[:20]:
        tag, _, quality = part.partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        weighed.append((-weight, tag.strip().lower().split("-")[0]))
    return [tag for _, tag in sorted(weighed, key=lambda item: item[0])]
