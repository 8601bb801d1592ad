"""Calendar files: what, when, where, who, one element an entry."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

from icalendar import Calendar

from ingest.parsers.damage import damaged
from ingest.parsers.encoding import decode
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.noticing import of_parts
from ingest.parsers.options import Options
from kb.types.parsed import Element, Parsed

ENTRIES = ("VEVENT", "VTODO", "VJOURNAL")
FIELDS = ("LOCATION", "ORGANIZER", "ATTENDEE", "RRULE", "DESCRIPTION")
MARK = re.compile(r"^(BEGIN|END):([A-Z][A-Z0-9-]*)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
"""A line at which an entry, or what is in one, begins or ends; a text that goes on is indented."""


def parse(path: Path, kind: str, _options: Options) -> Parsed:
    """Read a calendar.

    Raises:
        FileProblem: the file is no calendar.
    """
    text, is_cut = _closed(decode(path.read_bytes()))
    calendars = _calendars(text)
    title = str(calendars[0].get("X-WR-CALNAME") or "") if calendars else ""
    return Parsed(
        parser="icalendar",
        media_type=MEDIA_TYPES[kind],
        elements=tuple(_entries(calendars)),
        title=title or None,
        notices=of_parts(int(is_cut)),
    )


def entries(text: str) -> list[Element]:
    """The entries of a calendar that another file carried.

    Raises:
        FileProblem: it is not one.
    """
    return _entries(_calendars(_closed(text)[0]))


def _closed(text: str) -> tuple[str, bool]:
    """A calendar in which everything ends that begins, and whether something was cut off.

    The last line goes with it, as it may be half a line.
    """
    if not _begun(text):
        return text, False
    kept = text[: text.rfind("\n") + 1]
    return kept + "".join(f"END:{name}\r\n" for name in reversed(_begun(kept))), True


def _begun(text: str) -> list[str]:
    """What begins in a text and does not end there."""
    begun: list[str] = []
    for mark, name in MARK.findall(text):
        if mark.upper() == "BEGIN":
            begun.append(name)
        elif begun:
            begun.pop()
    return begun


def _calendars(text: str) -> list[Any]:
    try:
        return list(Calendar.from_ical(text, multiple=True))
    except (ValueError, IndexError, KeyError) as error:
        raise damaged("calendar", error) from error


def _entries(calendars: list[Any]) -> list[Element]:
    found = [entry for calendar in calendars for entry in calendar.walk()]
    return [e for entry in found if entry.name in ENTRIES for e in _entry(entry)]


def _entry(entry: Any) -> list[Element]:
    lines = [f"{name}: {value}" for name, value in _times(entry)]
    for name in FIELDS:
        values = entry.get(name)
        texts = [_text(v) for v in (values if isinstance(values, list) else [values]) if v]
        lines += [f"{name.capitalize()}: {text}" for text in texts if text]
    summary = str(entry.get("SUMMARY") or "").strip() or "Entry"
    elements = [Element(kind="Title", text=summary)]
    return [*elements, Element(kind="NarrativeText", text="\n".join(lines))] if lines else elements


def _times(entry: Any) -> list[tuple[str, str]]:
    found = []
    for name, label in (("DTSTART", "Start"), ("DTEND", "End"), ("DUE", "Due")):
        value = entry.get(name)
        moment = getattr(value, "dt", None)
        if isinstance(moment, datetime):
            found.append((label, f"{moment:%Y-%m-%d %H:%M} {moment.tzname() or ''}".strip()))
        elif isinstance(moment, date):
            found.append((label, f"{moment:%Y-%m-%d}"))
    return found


def _text(value: Any) -> str:
    if hasattr(value, "to_ical") and not isinstance(value, str):
        value = value.to_ical().decode("utf-8", "replace")
    name = getattr(value, "params", {}).get("CN")
    text = str(value).removeprefix("mailto:").removeprefix("MAILTO:")
    return f"{name} <{text}>" if name else text
