"""Paths of a file system as text: for people, and for patterns. Pure."""

import unicodedata


def shown(raw: bytes) -> str:
    """A path for people: bytes that are not UTF-8 as ``%XX``."""
    text = raw.decode("utf-8", "surrogateescape")
    return "".join(f"%{ord(c) - 0xDC00:02X}" if "\udc80" <= c <= "\udcff" else c for c in text)


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
