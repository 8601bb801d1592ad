"""Recognising several pages, and saying what could not be recognised."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from ingest.parsers import ocr
from ingest.parsers.ocr import RecognisedPage
from ingest.parsers.options import Options
from kb.types.parsed import Element

LITTLE = {
    "eng": frozenset(["the", "of", "and", "to", "is", "that", "for", "with", "was", "by"]),
    "deu": frozenset(["der", "die", "das", "und", "ist", "nicht", "mit", "von", "den", "auf"]),
    "fra": frozenset(["le", "les", "des", "et", "est", "dans", "une", "pour", "que", "du"]),
    "ita": frozenset(["il", "di", "che", "è", "per", "della", "gli", "sono", "nel", "una"]),
}
"""Telling words: each is common in one of the languages read by default, and in no other."""
SHARE = 0.6
"""Of a parser's time, what may go into pages: those that it is not enough for are counted."""
ENOUGH = 12
"""How many telling words on a page decide its language."""
Draw = Callable[[int], tuple[Image.Image, int]]
"""A page's picture and its resolution (dots per inch), by 0-based number."""


@dataclass(frozen=True, slots=True)
class RecognisedScans:
    """Elements by page (0-based), how surely each page was read, and what is wrong."""

    pages: dict[int, list[Element]] = field(default_factory=dict)
    confidences: list[tuple[int, float]] = field(default_factory=list)
    problem: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


def recognise(
    numbers: Iterable[int], draw: Draw, options: Options, beyond: int = 0
) -> RecognisedScans:
    """Read pages that have no text, one after another, as far as there is time.

    ``beyond`` are pages of the same file that are not even tried.
    """
    wanted = list(numbers)
    languages = ocr.usable(options.languages)
    if not wanted:
        return RecognisedScans()
    if not languages:
        return RecognisedScans(
            problem="scan_without_ocr", parameters={"pages": len(wanted) + beyond}
        )
    pages: dict[int, list[Element]] = {}
    confidences: list[tuple[int, float]] = []
    likely = languages
    until = time.monotonic() + SHARE * options.seconds
    for at, number in enumerate(wanted):
        if time.monotonic() > until:
            beyond += len(wanted) - at
            wanted = wanted[:at]
            break
        picture, dpi = draw(number)
        reading = ocr.read(picture, number + 1, likely, dpi)
        if reading.confidence < ocr.SURE and likely != languages:
            reading = ocr.read(picture, number + 1, languages, dpi)
        likely = _likely(reading, languages)
        if reading.elements:
            pages[number] = reading.elements
            confidences.append((number + 1, reading.confidence))
    unread = len(wanted) - len(pages)
    problem, parameters = _problem(unread, beyond, confidences, options.min_confidence)
    return RecognisedScans(pages, confidences, problem, parameters)


def _likely(reading: RecognisedPage, languages: list[str]) -> list[str]:
    """The language to read the next page in: this page's, where that is plain; else all."""
    if reading.confidence < ocr.SURE:
        return languages
    return likely(" ".join(e.text for e in reading.elements), languages)


def likely(text: str, languages: list[str]) -> list[str]:
    """The language of a text, where that is plain; else all.

    Every language that tesseract tries costs as much as the first.
    """
    words = text.casefold().split()
    counts = Counter({name: sum(w in LITTLE[name] for w in words) for name in LITTLE})
    (best, most), (_, second) = counts.most_common(2)
    is_plain = most >= ENOUGH and most > 3 * second
    return [best] if is_plain and best in languages else languages


def _problem(
    unread: int, beyond: int, confidences: list[tuple[int, float]], enough: float
) -> tuple[str | None, dict[str, Any]]:
    """What is wrong, as a code with its parameters; None: nothing is."""
    if beyond:
        return "scan_beyond", {"pages": beyond}
    if unread:
        return "scan_unread", {"pages": unread}
    unsure = [page for page, confidence in confidences if confidence < enough]
    if unsure:
        which = ", ".join(map(str, unsure[:10])) + (" …" if len(unsure) > 10 else "")
        return "scan_uncertain", {"pages": len(unsure), "which": which}
    return None, {}
