"""What the headers of a mail say, whatever they are written in."""

import binascii
import re
from base64 import b64decode
from email.message import Message
from quopri import decodestring

from ingest.parsers.encoding import decode

NAME = re.compile(r";\s*name(\*?\d*\*?=)")
WORD = re.compile(r"=\?([^?*\s]{1,60})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?\n]*)\?=")
BETWEEN = re.compile(r"(\?=)\s+(=\?[^?\s]{1,80}\?[bBqQ]\?)")
OF_PEOPLE, MOST_TIMES = {"to", "cc", "bcc"}, 20
LONGEST = 20_000
"""Characters of a header that are looked at."""


def header_of(message: Message, name: str) -> str:
    """A header on one line; empty where it is absent.

    One that names people may stand there several times.
    """
    wanted = name.lower()
    values = [str(v)[:LONGEST] for key, v in message.raw_items() if key.lower() == wanted]
    kept = values[:MOST_TIMES] if wanted in OF_PEOPLE else values[:1]
    return ", ".join(text for v in kept if (text := " ".join(plain(v).split())))


def plain(value: str) -> str:
    """A header as it is read: encoded words decoded, undeclared bytes by what they say."""
    text = _undeclared(value)
    if "=?" not in text:
        return text
    joined = BETWEEN.sub(r"\1\2", text)
    return "".join(_pieces(joined))


def _undeclared(value: str) -> str:
    if value.isascii():
        return value
    try:
        return decode(value.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return value


def _pieces(text: str) -> list[str]:
    """Words of one coding that stand side by side are one: some programs cut within a letter."""
    pieces: list[str] = []
    held, coding, at = b"", "", 0
    for match in WORD.finditer(text):
        label, how, written = match.groups()
        if match.start() > at or label.lower() != coding:
            pieces += [_word(held, coding), text[at : match.start()]]
            held = b""
        held, coding, at = held + _bytes(how, written), label.lower(), match.end()
    return [*pieces, _word(held, coding), text[at:]]


def _word(content: bytes, coding: str) -> str:
    return decode(content, coding) if content else ""


def _bytes(how: str, written: str) -> bytes:
    raw = written.encode("utf-8", "surrogateescape")
    if how in "qQ":
        return decodestring(raw.replace(b"_", b" "), header=False)
    try:
        return b64decode(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return raw


def filename_of(part: Message) -> str:
    """The name that a part gives its file; empty where it gives none."""
    for header in ("Content-Disposition", "Content-Type"):
        value = header_of(part, header)
        if not value:
            continue
        holder = Message()
        holder["Content-Disposition"] = NAME.sub(r"; filename\1", value)
        try:
            name = holder.get_filename("")
        except (ValueError, LookupError):
            name = ""
        if name:
            return plain(str(name))
    return ""


def charset_of(part: Message) -> str | None:
    """What a part says that its text is written in."""
    try:
        value = part.get_param("charset")
    except (ValueError, LookupError):
        return None
    return str(value[2] if isinstance(value, tuple) else value) if value else None
