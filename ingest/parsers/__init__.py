"""Files to elements. ``parse`` runs in a child process; one file per family of formats."""

from importlib import import_module
from pathlib import Path

import msgspec

from ingest.parsers import archives, detection, properties
from ingest.parsers.cleaning import storable
from ingest.parsers.kinds import FAMILY_OF
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Parsed

VERSION = "14"
"""Raise it when parsers give other elements for the same file: files are then parsed again."""
UNREAD = {"scan_without_ocr", "scan_beyond", "scan_unread", "unreadable_letters"}
"""Codes of problems that already explain why a file has no text."""

EMPTYING = {
    "cut_short",
    "formulas_without_value",
    "hidden_cells",
    "hidden_sheets",
    "parts_unread",
}
"""Codes of notices that say why a file has no text, where it has none."""


def parse(path: str, name: str, options: Options) -> bytes:
    """Detect and parse one file; returns a :class:`kb.types.parsed.Parsed` as msgpack.

    Raises:
        FileProblem: it cannot be read; the code says why.
    """
    file = Path(path)
    kind = detection.kind_of(file, name)
    read = properties.filled(parse_as(kind, file, options), kind, file)
    parsed = storable(archives.name_lone_member(read, name))
    has_text = any(e.text.strip() for e in parsed.elements)
    if not has_text and not parsed.members and parsed.problem not in UNREAD:
        raise _without_text(parsed)
    return msgspec.msgpack.encode(parsed)


def _without_text(parsed: Parsed) -> FileProblem:
    """Why there is no text: its problem, or what was left out of it."""
    if parsed.problem:
        return FileProblem(parsed.problem, **parsed.problem_parameters)
    for notice in parsed.notices:
        if notice.code in EMPTYING:
            return FileProblem(notice.code, **notice.parameters)
    return FileProblem("no_text")


def parse_as(kind: str, file: Path, options: Options) -> Parsed:
    """Parse a file whose kind is known."""
    family = import_module(f"ingest.parsers.{FAMILY_OF[kind]}")
    parsed = family.parse(file, kind, options)
    assert isinstance(parsed, Parsed)
    return parsed
