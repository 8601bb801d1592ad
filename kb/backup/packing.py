"""Rows as files: lines of JSON, compressed; the first line says of which table they are."""

from collections.abc import Iterable, Iterator

import msgspec
import zstandard

from kb.catalog import rows
from kb.errors import DamagedError

PACKED = 256 * 1024
"""Bytes of rows that are compressed at once."""


class Counted(Iterable[rows.Values]):
    """Rows, counted as they pass."""

    def __init__(self, found: Iterable[rows.Values]) -> None:
        self._found = found
        self.count = 0

    def __iter__(self) -> Iterator[rows.Values]:
        for row in self._found:
            self.count += 1
            yield row


def packed(
    name: str, columns: Iterable[tuple[str, str]], found: Iterable[rows.Values]
) -> Iterator[bytes]:
    """Rows as a compressed file of lines of JSON; the first line says of which table they are."""
    pack = zstandard.ZstdCompressor(level=3, write_checksum=True).compressobj()
    head = {"table": name, "columns": [list(column) for column in columns]}
    block = bytearray(msgspec.json.encode(head) + b"\n")
    for row in found:
        block += msgspec.json.encode(row) + b"\n"
        if len(block) >= PACKED:
            yield pack.compress(bytes(block))
            block.clear()
    yield pack.compress(bytes(block)) + pack.flush()


def unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a compressed file."""
    unpack = zstandard.ZstdDecompressor().decompressobj()
    left = b""
    for block in blocks:
        *lines, left = (left + unpack.decompress(block)).split(b"\n")
        yield from lines
    if left:
        raise DamagedError("A part of a table ends in the middle.", code="backup_damaged")
