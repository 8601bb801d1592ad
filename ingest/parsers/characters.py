"""Characters that no text has: each costs at most itself, in files of every kind.

They are replaced one for one, so that offsets stay right. What is replaced are controls other than
tabs and ends of lines, halves of surrogate pairs, and U+FFFE and U+FFFF (XML 1.0, 2.2).
"""

import re
from html.entities import name2codepoint

NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
IN_XML = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xed[\xa0-\xbf][\x80-\xbf]|\xef\xbf[\xbe\xbf]"
    rb"|&#0*(?:[0-8]|1[124-9]|2\d|3[01]|5529[6-9]|553\d\d|55[4-9]\d\d|56\d{3}|57[0-2]\d\d"
    rb"|573[0-3]\d|5734[0-3]|6553[45]);"
    rb"|&#x0*(?:[0-8bcef]|1[0-9a-f]|d[89a-f][0-9a-f]{2}|fff[ef]);",
    re.IGNORECASE,
)
NAMED = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,30});")
OF_XML = {"amp", "lt", "gt", "quot", "apos"}
IN_HTML = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,9}));?")
WINDOWS = range(0x80, 0xA0)
"""Numbers by which web pages mean windows-1252."""
LAST = 0x10FFFF
"""The last code point of Unicode."""


def plain(text: str) -> str:
    """A text without them."""
    return NO_TEXT.sub(" ", text)


def well_formed(xml: bytes) -> bytes:
    """XML in which nothing was wrong but such characters, or names that only web pages know.

    UTF-16 stays as it is.
    """
    if xml[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return xml
    return NAMED.sub(_named, IN_XML.sub(b" ", xml))


def _named(found: re.Match[bytes]) -> bytes:
    name = found[1].decode()
    if name in OF_XML:
        return found[0]
    number = name2codepoint.get(name)
    return b" " if number is None else b"&#%d;" % number


def html(source: str) -> str:
    """A page whose numbers of characters stand for what a browser shows."""
    return IN_HTML.sub(_shown, plain(source)) if "&#" in source else plain(source)


def _shown(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else int(found[2])
    if number in WINDOWS:
        return bytes([number]).decode("cp1252", "replace")
    is_none = number == 0 or number > LAST or NO_TEXT.match(chr(number)) is not None
    return " " if is_none else found[0]
