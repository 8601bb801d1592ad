"""Bytes to text where nothing says in which encoding they are."""

import codecs
import re

from charset_normalizer import from_bytes

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def unmarked_utf16(content: bytes) -> str | None:
    """The codec (``utf-16-le`` or ``-be``) of UTF-16 without a byte order mark; None for others.

    In most such texts every other byte is zero.
    """
    sample = content[:4096]
    if len(sample) < 8 or b"\0" not in sample:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > half * 0.6 and even < half * 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.6 and odd < half * 0.05 else None


def decode(content: bytes) -> str:
    """The text: by byte order mark, as UTF-8, by what an HTML page declares, else by statistics."""
    for mark, name in MARKS:
        if content.startswith(mark):
            return content.decode(name, "replace")
    wide = unmarked_utf16(content)
    if wide is not None:
        return content.decode(wide, "replace")
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
