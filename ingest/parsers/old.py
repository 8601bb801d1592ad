"""Old and binary Office formats: converted by LibreOffice, then read like the new ones."""

import struct
from pathlib import Path

import msgspec
import olefile

from ingest.parsers import libreoffice, office, sheets
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Parsed

TARGETS = {
    "doc": ("docx", office.parse),
    "ppt": ("pptx", office.parse),
    "xlsb": ("xlsx", sheets.parse),
}

MARKED = {"doc": ("WordDocument", 10, 2), "ppt": ("Current User", 12, 4)}
"""The stream, offset and length of what says it: [MS-DOC] 2.5.2, [MS-PPT] 2.3.2."""
LOCKED = bytes.fromhex("dfc4d1f3")


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Convert and read a file.

    Raises:
        FileProblem: encrypted, not readable, or LibreOffice is not installed.
    """
    if _is_encrypted(path, kind):
        raise FileProblem("encrypted")
    target, parse_new = TARGETS[kind]
    parsed = parse_new(libreoffice.convert(path, kind, target), target, options)
    return msgspec.structs.replace(
        parsed, parser=f"libreoffice+{parsed.parser}", media_type=MEDIA_TYPES[kind]
    )


def _is_encrypted(path: Path, kind: str) -> bool:
    """What Word and PowerPoint say of it: a flag of the first, another mark of the second."""
    stream, at, size = MARKED.get(kind, ("", 0, 0))
    if not stream:
        return False
    with olefile.OleFileIO(path) as container:
        if not container.exists(stream):
            return False
        mark = container.openstream(stream).read(at + size)[at:]
    if kind == "ppt":
        return bool(mark == LOCKED)
    return len(mark) == size and bool(struct.unpack("<H", mark)[0] & 0x0100)
