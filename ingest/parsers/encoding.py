"""Bytes to text when nothing says how."""

import codecs
import re

from charset_normalizer import from_bytes

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(content: bytes) -> str:
    """By byte order mark, as UTF-8, by what an HTML page declares, else by statistics."""
    for mark, name in MARKS:
        if content.startswith(mark):
            return content.decode(name, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = re.search(rb"charset=[\"']?([\w-]+)", content[:2048])
    if declared:
        try:
            return content.decode(declared.group(1).decode(), "replace")
        except LookupError:
            pass
    best = from_bytes(content[:200_000]).best()
    return content.decode(best.encoding if best else "cp1252", "replace")
