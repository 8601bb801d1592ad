"""Paths of a file system as text: for people, and for patterns. Pure."""

import hashlib
import unicodedata

LONGEST = 2600
"""Bytes of a path, a member's included. PostgreSQL keeps no longer ones in an index (2,704 bytes
with all that goes with them)."""


def cut(raw: bytes, longest: int = LONGEST) -> bytes:
    """A path as the catalog can hold it, unlike any other: a long one ends with a part of its hash.

    What is longer is a member's: its container's path, which is shorter, stays whole.
    """
    if len(raw) <= longest:
        return raw
    return raw[: longest - 20] + b"~" + hashlib.sha256(raw).hexdigest()[:16].encode()


def shown(raw: bytes) -> str:
    """A path for people: bytes that are not UTF-8 as ``%XX``."""
    return printable(raw.decode("utf-8", "surrogateescape"))


def printable(text: str) -> str:
    """A text that may have come from a path or a command line: what is not Unicode as ``%XX``."""
    if text.isascii():
        return text
    return "".join(f"%{ord(c) & 0xFF:02X}" if "\ud800" <= c <= "\udfff" else c for c in text)


def composed(text: str) -> str:
    """A text with its accents composed (Unicode's NFC): some systems keep them apart."""
    return unicodedata.normalize("NFC", text)


def readings(raw: bytes) -> list[tuple[str, bool]]:
    """The ways to read a path, and whether each is the whole truth.

    One that is no UTF-8 is read as it is shown and with its bytes in their places. Neither says
    which letters were meant.
    """
    try:
        return [(composed(raw.decode()), True)]
    except UnicodeDecodeError:
        as_is = composed(raw.decode("utf-8", "surrogateescape"))
        return [(as_is, False), (composed(shown(raw)), False)]
