"""When a document is from. Here it is decided; docs/following.md says why in this order."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kb.text import dated_heads, moments, named_dates, periods
from kb.text.dated_heads import FOOT, HEAD
from kb.types.parsed import HIDDEN, Element, Parsed

HEADER, TEXT, CREATED, CHANGED, FILE = "header", "text", "created", "changed", "file"
WRITTEN_ANEW = {"application/pdf", "application/epub+zip"}
"""Kinds whose files are made from another: tools that touch one later say «changed» too."""
SAMPLE = 4_000
"""Characters that tell whether a text writes the day before the month."""
MOST_ELEMENTS, SHORTEST = 40, 300
"""Elements that are looked at, and characters of a header or footer that are."""
PRINTED = {"Header", "Footer"}


@dataclass(frozen=True, slots=True)
class OwnDate:
    """A document's own date: its beginning (Unix seconds, UTC), how exact it is, who says so."""

    moment: float
    source: str
    precision: str = periods.DAY


def of(
    parsed: Parsed, path: str, mtime_ns: int, language: str | None, now: float | None = None
) -> OwnDate | None:
    """The first that can be believed: what people wrote, the nearest first; then what programs did.

    A mail's header, the text's own words, the file's name, its folders, the file's properties, the
    file's time. None is said by nobody, of a member of a container.
    """
    now = time.time() if now is None else now
    said = _said(parsed, path, mtime_ns, language, now)
    return next((own for own in said if moments.is_believed(own.moment, now)), None)


def says_otherwise(path: str, now_path: str) -> bool:
    """Whether a file's new name or folders say another date than its old ones did."""
    before, after = (list(named_dates.of_path(p, day_first=True)) for p in (path, now_path))
    return before != after


def _said(
    parsed: Parsed, path: str, mtime_ns: int, language: str | None, now: float
) -> Iterator[OwnDate]:
    if parsed.sent is not None:
        yield OwnDate(parsed.sent, HEADER)
    day_first = periods.day_first(_sample(parsed), language)
    in_text = _of_text(parsed, now, day_first)
    if in_text is not None:
        yield OwnDate(in_text.moment, TEXT, in_text.precision)
    for named, source in named_dates.of_path(path, day_first=day_first):
        yield OwnDate(named.moment, source, named.precision)
    yield from _of_properties(parsed)
    if mtime_ns > 0 and moments.is_set(mtime_ns / 1e9):
        yield OwnDate(mtime_ns / 1e9, FILE)


def _of_properties(parsed: Parsed) -> Iterator[OwnDate]:
    """What was changed last counts; of what is made from something else when it was made."""
    said = [(parsed.changed, CHANGED), (parsed.created, CREATED)]
    if parsed.media_type in WRITTEN_ANEW:
        said.reverse()
    for moment, source in said:
        if moment is not None and moments.is_set(moment):
            yield OwnDate(moment, source)


def _of_text(parsed: Parsed, now: float, day_first: bool | None) -> periods.Period | None:
    seen = [e for e in parsed.elements if e.section != HIDDEN]
    printed = [e.text[:SHORTEST] for e in seen if e.kind in PRINTED]
    head = _lines([*_first(seen), *printed[:MOST_ELEMENTS]])
    until = now + moments.AHEAD
    return dated_heads.of_lines(head, _lines(_last(seen)), until, day_first=day_first)


def _first(elements: Sequence[Element]) -> Iterator[str]:
    """The texts of the first elements, to so many characters."""
    room = HEAD
    for element in elements[:MOST_ELEMENTS]:
        if room <= 0:
            return
        yield element.text[:room]
        room -= len(element.text)


def _last(elements: Sequence[Element]) -> Iterator[str]:
    """The texts of the last elements, to so many characters from their end."""
    room = FOOT
    for element in reversed(elements[-MOST_ELEMENTS:]):
        if room <= 0:
            return
        yield element.text[-room:]
        room -= len(element.text)


def _lines(texts: Iterable[str]) -> list[str]:
    return [line.strip() for text in texts for line in text.split("\n")]


def _sample(parsed: Parsed) -> str:
    return " ".join(e.text[:SAMPLE] for e in parsed.elements[:MOST_ELEMENTS])[:SAMPLE]
