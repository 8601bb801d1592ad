"""winmail.dat ([MS-OXTNEF]): a message and its attachments as Outlook packs them for Outlook."""

import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ingest.parsers import mail, mapi
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.mapi import MapiItem, Properties
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Parsed

SIGNATURE = bytes.fromhex("789f3e22")
PAGE, MESSAGE, ATTACHED = 0x00069007, 0x00069003, 0x00069005
"""Attributes: the code page of texts, a message's properties, an attachment's properties."""
BEGUN, CONTENT, TITLE = 0x00069002, 0x0006800F, 0x00018010
"""Attributes of an attachment: where it begins, its bytes, its name."""
OLD = {0x00018004: mapi.SUBJECT, 0x0002800C: mapi.BODY, 0x00008000: mapi.SENDER_NAME}
"""Attributes of programs that are older than properties."""
SIZES = {0x2: 4, 0x3: 4, 0x4: 4, 0x5: 8, 0x6: 8, 0x7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
VARIABLE = {mapi.UNICODE, mapi.STRING8, mapi.BINARY, mapi.OBJECT}
MAX_DEPTH = 20
"""Most messages within one another."""


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Read a winmail.dat.

    Raises:
        FileProblem: it is cut short before anything could be read.
    """
    item = _item(path.read_bytes(), 0)
    if not item.properties and not item.attachments:
        raise FileProblem("damaged", what="winmail.dat: nothing in it")
    parsed = mail.parsed(mapi.as_mail(item), kind, options)
    return msgspec.structs.replace(parsed, parser="unstructured+tnef", media_type=MEDIA_TYPES[kind])


def _item(content: bytes, depth: int) -> MapiItem:
    message = Properties()
    attachments: list[Properties] = []
    for attribute, value in _attributes(content):
        if attribute == PAGE:
            message[mapi.CODEPAGE] = (3, value[:4])
        elif attribute == MESSAGE:
            message.update(_properties(value))
        elif attribute in OLD and OLD[attribute] not in message:
            message[OLD[attribute]] = (mapi.STRING8, value)
        elif attribute == BEGUN:
            attachments.append(Properties())
        elif attachments and attribute == ATTACHED:
            attachments[-1].update(_properties(value))
        elif attachments and attribute == CONTENT:
            attachments[-1][mapi.DATA] = (mapi.BINARY, value)
        elif attachments and attribute == TITLE:
            attachments[-1][mapi.SHORT_NAME] = (mapi.STRING8, value)
    return MapiItem(message, attachments=tuple(_attachment(a, depth + 1) for a in attachments))


def _attachment(found: Properties, depth: int) -> MapiItem:
    """An object is a message of its own: 16 bytes that say so, and a stream like the outer one."""
    kind, content = found.get(mapi.DATA, (0, b""))
    if kind == mapi.OBJECT and content[16:20] == SIGNATURE and depth < MAX_DEPTH:
        return MapiItem(found, inner=_item(content[16:], depth))
    return MapiItem(found)


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """A level (one byte), a number, a length, the value, and a checksum (two bytes), each."""
    at = 6
    while at + 9 <= len(content):
        number, length = struct.unpack_from("<II", content, at + 1)
        yield number, content[at + 9 : at + 9 + length]
        at += 9 + length + 2


def _properties(content: bytes) -> Properties:
    found = Properties()
    try:
        at = 4
        for _ in range(struct.unpack_from("<I", content)[0]):
            kind, number = struct.unpack_from("<HH", content, at)
            at = _named(content, at + 4) if number >= 0x8000 else at + 4
            value, at = _value(content, at, kind)
            found[number] = (kind, value)
    except (struct.error, KeyError):  # cut short, or of a type that nobody knows: what came before
        return found
    return found


def _named(content: bytes, at: int) -> int:
    """Behind the name of a property: 16 bytes of whose it is, then a number or a text."""
    kind, number = struct.unpack_from("<II", content, at + 16)
    return at + 24 + (_padded(number) if kind else 0)


def _value(content: bytes, at: int, kind: int) -> tuple[bytes, int]:
    """The (first) value, and where the next property begins."""
    base = kind & ~0x1000
    count = 1
    if kind & 0x1000 or base in VARIABLE:
        (count,) = struct.unpack_from("<I", content, at)
        at += 4
    first: bytes | None = None
    for _ in range(min(count, len(content))):
        length = SIZES.get(base, 0)
        if base in VARIABLE:
            (length,) = struct.unpack_from("<I", content, at)
            at += 4
        elif not length:
            raise KeyError(base)
        if at > len(content):
            raise struct.error("cut short")
        first = content[at : at + length] if first is None else first
        at += _padded(length)
    return first or b"", at


def _padded(length: int) -> int:
    return (length + 3) // 4 * 4
