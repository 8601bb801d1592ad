"""Signed envelopes (CMS, PKCS #7: ``.p7m``): what was put into them comes out, unverified.

The structure is RFC 5652's; lengths are checked against what is there, nothing is decrypted.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from ingest.parsers.archives import LONE
from ingest.parsers.damage import damaged
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Member, Parsed

DATA = bytes.fromhex("2a864886f70d010701")
SIGNED = bytes.fromhex("2a864886f70d010702")
COMPRESSED = bytes.fromhex("2a864886f70d0109100109")
SEQUENCE, OCTETS, OBJECT, CONTEXT = 0x30, 0x04, 0x06, 0xA0
"""Tags of DER: a sequence, a string of bytes, an object's identifier, the first part with a tag of
its own (X.690)."""
MAX_DEPTH = 8
"""Most envelopes within one another; structures may be four times as deep."""
ARMOUR = re.compile(rb"-----(?:BEGIN|END) [A-Z0-9 #]+-----")
Node = tuple[int, bytes]
"""A tag and its content."""


class Sealed(Exception):
    """The envelope is encrypted."""


class SignatureOnly(ValueError):
    """What the envelope signs lies elsewhere."""


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Take the file out of its envelope.

    Raises:
        FileProblem: encrypted, damaged, or a signature without what it signs.
    """
    try:
        content = opened(path.read_bytes(), options.max_expanded)
    except Sealed as error:
        raise FileProblem("encrypted") from error
    except SignatureOnly as error:
        raise FileProblem("signature_only") from error
    except (ValueError, zlib.error) as error:
        raise damaged("signed file", error) from error
    return Parsed(
        parser="envelope",
        media_type=MEDIA_TYPES[kind],
        elements=(),
        members=(Member(name=LONE, content=content),),
    )


def opened(content: bytes, room: int) -> bytes:
    """What is in an envelope, and in those within it.

    Raises:
        Sealed: it is encrypted.
        SignatureOnly: there is nothing in it.
        ValueError: it is damaged, or there is no room (bytes) for what is in it.
    """
    for _ in range(MAX_DEPTH):
        kind, inner = _layer(_binary(content))
        if kind == COMPRESSED:
            unpacking = zlib.decompressobj()
            inner = unpacking.decompress(inner, room + 1)
        if len(inner) > room:
            raise ValueError("it expands too far")
        if not is_envelope(inner):
            return inner
        content = inner
    raise ValueError("nested too deeply")


def is_envelope(content: bytes) -> bool:
    """Whether it begins like signed, compressed or encrypted data."""
    head = content[:64] if content[:1] == b"0" else _binary(content[:4096])[:64]
    return head[:1] == b"0" and bytes.fromhex("06092a864886f70d0107") in head[:20]


def _binary(content: bytes) -> bytes:
    """Some are written in base64, with or without lines around it."""
    if content[:1] != b"M" and not content.startswith(b"-----BEGIN"):
        return content
    plain = b"".join(ARMOUR.sub(b"", content).split())
    try:
        return base64.b64decode(plain[: len(plain) // 4 * 4], validate=True)
    except binascii.Error:
        return content


def _layer(content: bytes) -> tuple[bytes, bytes]:
    """The kind of the outermost layer, and the content that it carries."""
    kind, holder = _typed(content)
    if kind not in {SIGNED, COMPRESSED}:
        raise Sealed
    fields = list(_nodes(next(_nodes(holder))[1]))
    for tag, value in fields[1:]:
        if tag == SEQUENCE and value:
            carried = list(_nodes(value))
            if len(carried) == 2 and carried[0][0] == OBJECT and carried[1][0] == CONTEXT:
                return kind, _octets(carried[1][1], 0)
    raise SignatureOnly


def _typed(content: bytes) -> tuple[bytes, bytes]:
    fields = list(_nodes(next(_nodes(content))[1]))
    if len(fields) < 2 or fields[0][0] != OBJECT or fields[1][0] != CONTEXT:
        raise ValueError("no signed data")
    return fields[0][1], fields[1][1]


def _octets(content: bytes, depth: int) -> bytes:
    """A string of bytes, whole or in pieces."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    pieces = []
    for tag, value in _nodes(content):
        pieces.append(value if tag == OCTETS else _octets(value, depth + 1))
    return b"".join(pieces)


def _nodes(content: bytes) -> Iterator[Node]:
    """The nodes that lie side by side in a content.

    Raises:
        ValueError: a length leads out of it.
    """
    at = 0
    while at < len(content) and content[at : at + 2] != b"\0\0":
        tag, begin, end, after = _extent(content, at, 0)
        yield tag, content[begin:end]
        at = after
    if at == 0:
        raise ValueError("nothing in it")


def _extent(content: bytes, at: int, depth: int) -> tuple[int, int, int, int]:
    """A node's tag, where its content begins and ends, and where the next node begins."""
    if at + 2 > len(content) or depth > 4 * MAX_DEPTH:
        raise ValueError("cut short")
    tag, length, begin = content[at], content[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        raise ValueError("a tag that signed data does not have")
    if length == 0x80:
        end = _end_of_indefinite(content, begin, depth)
        return tag, begin, end, end + 2
    if length > 0x80:
        count = length & 0x7F
        length = int.from_bytes(content[begin : begin + count], "big")
        begin += count
    if begin + length > len(content):
        raise ValueError("cut short")
    return tag, begin, begin + length, begin + length


def _end_of_indefinite(content: bytes, at: int, depth: int) -> int:
    while content[at : at + 2] != b"\0\0":
        at = _extent(content, at, depth + 1)[3]
    return at
