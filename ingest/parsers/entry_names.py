"""What the entries of archives are called, whatever their programs wrote the names in."""

import struct
import zipfile
import zlib
from collections.abc import Sequence

from ingest.parsers import guessing
from ingest.parsers.encoding import decode

UTF8_FLAG = 0x800
"""The bit of a ZIP entry's flags that says that its name is UTF-8 (APPNOTE 4.4.4)."""
UNICODE_PATH = 0x7075
"""Info-ZIP's extra field: the name in UTF-8, beside the sum of the one that it is for."""
DOS = {"cp437": 0.8, "cp850": 0.75, "cp852": 0.0, "cp866": 0.0}
"""The pages that names are in by ZIP's own rule, and as Windows writes them; with their lead."""


def of_zip(infos: Sequence[zipfile.ZipInfo]) -> dict[int, str]:
    """The names of a ZIP's entries, by their places in the file.

    Marked as UTF-8, or beside it in UTF-8, or UTF-8 without a mark (macOS), else of the page in
    which all of them are words: DOS' own, Windows', Shift-JIS.
    """
    undeclared = [raw for info in infos if (raw := _raw(info)) is not None and not raw.isascii()]
    codec = guessing.codec(b"\n".join(undeclared), DOS) if undeclared else "ascii"
    return {info.header_offset: _name(info, codec) for info in infos}


def of_tar(name: str) -> str:
    """A tar's name: bytes that are not UTF-8 by what they say."""
    if name.isascii():
        return name
    return decode(name.encode("utf-8", "surrogateescape"))


def _raw(info: zipfile.ZipInfo) -> bytes | None:
    """The bytes of a name that nothing declares; None where something does."""
    if info.flag_bits & UTF8_FLAG:
        return None
    raw = info.orig_filename.encode("cp437")
    return None if _beside(info.extra, raw) or _is_utf8(raw) else raw


def _name(info: zipfile.ZipInfo, codec: str) -> str:
    if info.flag_bits & UTF8_FLAG:
        return info.filename
    raw = info.orig_filename.encode("cp437").split(b"\0")[0]
    return _beside(info.extra, raw) or raw.decode("utf-8" if _is_utf8(raw) else codec, "replace")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _beside(extra: bytes, raw: bytes) -> str | None:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + length]
        if (
            kind == UNICODE_PATH
            and length > 5
            and field[1:5] == zlib.crc32(raw).to_bytes(4, "little")
        ):
            return field[5:].decode("utf-8", "replace")
        at += 4 + length
    return None
