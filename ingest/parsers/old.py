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


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Convert and read a file.

    Raises:
        FileProblem: encrypted, not readable, or LibreOffice is not installed.
    """
    if kind == "doc" and _is_encrypted(path):
        raise FileProblem("encrypted")
    target, parse_new = TARGETS[kind]
    parsed = parse_new(libreoffice.convert(path, kind, target), target, options)
    return msgspec.structs.replace(
        parsed, parser=f"libreoffice+{parsed.parser}", media_type=MEDIA_TYPES[kind]
    )


def _is_encrypted(path: Path) -> bool:
    """Word's own flag: bit 8 of the word at offset 10 of the file information block."""
    with olefile.OleFileIO(path) as container:
        head = container.openstream("WordDocument").read(12)
    return len(head) == 12 and bool(struct.unpack_from("<H", head, 10)[0] & 0x0100)
