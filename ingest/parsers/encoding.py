"""Bytes to text: by mark, as UTF-8, by what is declared, else by what the letters say."""

import codecs
import re

from ingest.parsers import characters, guessing
from ingest.parsers.codings import codec_of, is_stateful, is_wide

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DECLARED = re.compile(
    rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})"
    rb"|<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{2,40})",
    re.IGNORECASE,
)
SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
MOSTLY = 3
"""So many whole sequences of UTF-8 for each byte that is none: a text with a break in it."""
NAMED_IN = 65536
"""Bytes at a text's beginning in which it may name its encoding."""


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


def decode(content: bytes, declared: str | None = None) -> str:
    """The text of bytes; ``declared`` is what the mail or the page around them says it is in.

    Characters that no text has are replaced (``characters``).
    """
    return characters.plain(_decoded(content, declared))


def _decoded(content: bytes, declared: str | None) -> str:
    for mark, name in MARKS:
        if content.startswith(mark):
            return content.decode(name, "replace")
    wide = unmarked_utf16(content)
    if wide is not None:
        return content.decode(wide, "replace")
    codec = codec_of(declared) or _named_within(content)
    if codec is not None and (is_stateful(codec) or guessing.is_double_byte(codec)):
        text = _strictly(content, codec)
        if text is not None:
            return text
    return _as_utf8(content) or _by_declaration(content, codec) or _guessed(content)


def _as_utf8(content: bytes) -> str | None:
    """As UTF-8, if it is that; bytes that break it are read as windows-1252, one by one."""
    text = _strictly(content, "utf-8")
    if text is not None:
        return text
    sequences = [len(s) for s in SEQUENCE.findall(content)]
    broken = sum(b > 127 for b in content) - sum(sequences)
    if len(sequences) >= MOSTLY * broken:
        return content.decode("utf-8", "windows1252")
    return None


def _windows(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("windows1252", _windows)


def _by_declaration(content: bytes, codec: str | None) -> str | None:
    if codec is None or codec.startswith("utf-8") or is_wide(codec):
        return None
    return content.decode(codec, "replace")


def _strictly(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        return None


def _named_within(content: bytes) -> str | None:
    """What an HTML or XML page says of itself."""
    found = DECLARED.search(content[:NAMED_IN])
    return codec_of((found.group(1) or found.group(2)).decode()) if found else None


def _guessed(content: bytes) -> str:
    return content.decode(guessing.codec(content), "replace")
