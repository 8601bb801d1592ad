"""What the names of character codings in files mean: as the web's standard reads them."""

import codecs

STATEFUL = ("utf-7", "utf_7", "iso2022", "hz")
"""Written in seven bits: such bytes look like ASCII, and only their label says what they mean."""
MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-8": "cp1255",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "utf-16": "utf-16-le",
}
"""The larger set that is meant by a label (https://encoding.spec.whatwg.org), by Python's names."""
MORE = {
    "iso-8859-8-i": "cp1255",
    "iso-8859-8-e": "cp1255",
    "windows-874": "cp874",
    "x-gbk": "gb18030",
    "x-sjis": "cp932",
    "x-euc-jp": "euc_jp",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "cp-850": "cp850",
}
"""Labels that Python does not know."""


def codec_of(label: str | None) -> str | None:
    """Python's codec for a label in a file; None where nobody knows it, or it is no text."""
    plain = (label or "").strip().strip("\"'").lower()
    if not plain or len(plain) > 60 or not plain.isascii():
        return None
    if plain.startswith("x-cp"):
        plain = plain.removeprefix("x-")
    try:
        found = codecs.lookup(MORE.get(plain, plain))
        b"".decode(found.name)  # refuses what is no text, like base64
    except (LookupError, ValueError):
        return None
    return MEANT.get(found.name, found.name)


def is_stateful(codec: str) -> bool:
    """Whether its bytes look like ASCII."""
    return codec.startswith(STATEFUL)


def is_wide(codec: str) -> bool:
    """Whether its characters take two or four bytes each."""
    return codec.startswith(("utf-16", "utf-32"))
