"""Compound files (OLE, [MS-CFB]) with streams of any name and content."""

import struct

SECTOR = 512
FREE, END, OF_FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
LEAST = 4096
"""Bytes from which a stream stands in sectors of its own."""


def compound(streams: dict[str, bytes]) -> bytes:
    """A file with these streams beneath its root; short ones are filled up with zeros."""
    fat: list[int] = []
    data = b""
    placed = []
    for name, content in streams.items():
        whole = content.ljust(LEAST, b"\0")
        placed.append((name, len(fat), len(whole)))
        data += _sectors(whole)
        _chain(fat, len(_sectors(whole)) // SECTOR)
    directory = _entry("Root Entry", 5, FREE, 1 if placed else FREE, END, 0)
    for number, (name, start, size) in enumerate(placed, 1):
        after = number + 1 if number < len(placed) else FREE
        directory += _entry(name, 2, after, FREE, start, size)
    first = len(fat)
    _chain(fat, len(_sectors(directory)) // SECTOR)
    assert len(fat) < SECTOR // 4
    at = len(fat)
    fat += [OF_FAT] + [FREE] * (SECTOR // 4 - len(fat) - 1)
    head = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 16
    head += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, 1, first, 0, LEAST, END, 0, END, 0) + struct.pack("<I", at)
    table = struct.pack(f"<{len(fat)}I", *fat)
    return head.ljust(SECTOR, b"\xff") + data + _sectors(directory) + table


def _sectors(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % SECTOR)


def _chain(fat: list[int], sectors: int) -> None:
    start = len(fat)
    fat += [start + n + 1 for n in range(sectors - 1)] + [END]


def _entry(name: str, kind: int, after: int, child: int, start: int, size: int) -> bytes:
    written = name.encode("utf-16-le") + b"\0\0"
    numbers = struct.pack("<HBBIII", len(written), kind, 1, FREE, after, child)
    return written.ljust(64, b"\0") + numbers + b"\0" * 36 + struct.pack("<IQ", start, size)
