"""Files to elements. ``parse`` runs in a child process; one file per family of formats."""

from pathlib import Path

import msgspec

from ingest.parsers import detection
from kb.errors import FileProblem
from kb.types import Parsed

VERSION = "2"
"""Raise it when parsers give other elements for the same file: files are then parsed again."""


def parse(path: str, name: str, languages: str) -> bytes:
    """Detect and parse one file; returns a :class:`kb.types.Parsed` as msgpack.

    Raises:
        FileProblem: it cannot be read; the code says why.
    """
    file = Path(path)
    kind = detection.kind_of(file, name)
    parsed = _by_kind(file, kind, languages)
    if not any(e.text.strip() for e in parsed.elements) and not parsed.members:
        if parsed.problem == "scan_without_ocr":
            return msgspec.msgpack.encode(parsed)
        raise FileProblem("no_text")
    return msgspec.msgpack.encode(parsed)


def _by_kind(file: Path, kind: str, languages: str) -> Parsed:
    if kind == "pdf":
        from ingest.parsers import pdf

        return pdf.parse(file, languages)
    if kind == "eml":
        from ingest.parsers import mail

        return mail.parse(file)
    from ingest.parsers import office

    return office.parse(file, kind)
