"""Office Open XML packages: what has to be known of the ZIP around the document."""

import io
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import olefile

from ingest.parsers.damage import damaged
from ingest.parsers.names import safe_name
from ingest.parsers.ooxml import PART_BYTES, UNREADABLE, PartTooLarge, beginning
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Member

MOST_BYTES = 1024**3
"""Most bytes that a package may say it expands to; beyond it is a bomb."""
MOST_RATIO = 300
"""Most times its own size that a package may say it expands to, where that is more than 100 MiB;
beyond it is a bomb."""
STRICT = b"http://purl.oclc.org/ooxml/"
"""The namespace of the strict variant, which the libraries do not read."""
EMBEDDED = re.compile(r"(?:word|ppt|xl)/embeddings/([^/]+)$")
DOCUMENT_TYPES = (".docx", ".docm", ".xlsx", ".xlsm", ".pptx", ".pptm", ".pdf", ".msg")


def check(path: Path) -> None:
    """Check the sizes that a package says it expands to.

    Raises:
        FileProblem: it is a bomb.
    """
    with zipfile.ZipFile(path) as package:
        size = sum(info.file_size for info in package.infolist())
    most = min(MOST_BYTES, max(100 * 1024**2, MOST_RATIO * path.stat().st_size))
    if size > most:
        raise FileProblem("expands_too_far", limit=most // 1024**2)


def refused(what: str, error: Exception) -> FileProblem:
    """Why a file cannot be read whose main part raised one of ``ooxml.UNREADABLE``."""
    if isinstance(error, PartTooLarge):
        return FileProblem("expands_too_far", limit=PART_BYTES // 1024**2)
    return damaged(what, error)


def is_strict(path: Path) -> bool:
    """Whether it is of the strict variant of the standard."""
    with zipfile.ZipFile(path) as package:
        return any(
            STRICT in beginning(package, name, 4096)
            for name in ("_rels/.rels", "word/document.xml", "xl/workbook.xml")
        )


def embedded(path: Path, options: Options) -> tuple[list[Member], int]:
    """Files embedded in an Office file, and how many are damaged or had no room."""
    members: list[Member] = []
    left_out, room = 0, options.max_expanded
    with zipfile.ZipFile(path) as package:
        for info in package.infolist():
            match = EMBEDDED.match(info.filename)
            if match is None:
                continue
            room -= info.file_size
            if room < 0 or len(members) >= options.max_members:
                left_out += 1
                continue
            try:
                content = package.read(info)
            except UNREADABLE:
                left_out += 1
                continue
            if match.group(1).lower().endswith(DOCUMENT_TYPES):
                members.append(Member(name=match.group(1), content=content))
            elif content.startswith(olefile.MAGIC):
                members += _wrapped(match.group(1), content)
    return members, left_out


def _wrapped(name: str, content: bytes) -> Iterator[Member]:
    """A file that an OLE object carries whole: as package, as PDF, or as Windows packed it."""
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as container:
            for stream, ending in (("Package", ""), ("CONTENTS", ".pdf")):
                if container.exists(stream):
                    inner = container.openstream(stream).read()
                    is_file = inner.startswith((b"%PDF", b"PK\x03\x04"))
                    if is_file:
                        yield Member(
                            name=safe_name(name.removesuffix(".bin") + ending), content=inner
                        )
            if container.exists("\x01Ole10Native"):
                yield from _native(container.openstream("\x01Ole10Native").read())
    except (OSError, ValueError, IndexError, struct.error):
        return


def _native(stream: bytes) -> Iterator[Member]:
    """Windows' packager: label, two paths and the bytes, each text ended by a zero."""
    label, rest = stream[6:].split(b"\0", 1)
    _, rest = rest.split(b"\0", 1)
    (length,) = struct.unpack_from("<I", rest, 4)
    rest = rest[8 + length :]
    (size,) = struct.unpack_from("<I", rest)
    content = rest[4 : 4 + size]
    name = safe_name(label.decode("cp1252", "replace"))
    if content and not content.startswith(b"MZ"):
        yield Member(name=name, content=content)
