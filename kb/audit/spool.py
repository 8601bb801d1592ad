"""A bounded queue in a file of one process: what is put here outlives the process.

The file's space is taken when it is made, so a full disk stops nobody later. It is a ring of
records, each with a number (one more than the last) and a checksum. Bytes go to the kernel before
``put`` returns: they outlive a process that is killed, and not a power cut within the same second.

A file belongs to the process that holds its lock. One whose process has ended is taken over, by the
next process that needs a file or by the next writer that looks for what is left.
"""

import logging
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STEP = 64
"""Records begin at multiples of this many bytes."""
HEADER = 4096
"""Bytes at a file's start, before the records: what file it is, and where the queue begins."""
FILE_MAGIC = b"KBSPOOL1"
MAGIC = b"\xfe\xed\xa0\xd1"
FILE = struct.Struct("<8s32sQI")
_PLACE = struct.Struct("<QQQI")
_RECORD = struct.Struct("<4sIQI")
PLACES = (512, 1024)
"""Offsets, in bytes, of the two places where the queue's beginning is written in turn: a crash in
the middle of one leaves the other."""
log = logging.getLogger("kb.spool")


class FullError(Exception):
    """There is no room, or no file with room can be had."""


@dataclass(frozen=True, slots=True)
class SpoolItem:
    """What was put; ``content`` is None where it can no longer be read.

    ``last`` is the number of the last of several that are lost together, else its own.
    """

    number: int
    last: int
    content: bytes | None
    end: int


def checksum(*parts: bytes) -> int:
    """CRC-32 of the parts, one after another."""
    value = 0
    for part in parts:
        value = zlib.crc32(part, value)
    return value


class Spool:
    """One file, held by this process. Safe for several threads that put and one that takes."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self.path = path
        self._file = descriptor
        self._lock = threading.Lock()
        magic, name, capacity, check = FILE.unpack(os.pread(descriptor, FILE.size, 0))
        if magic != FILE_MAGIC or check != checksum(name, capacity.to_bytes(8, "little")):
            raise FullError(f"{path} is no spool.")
        self.name: str = name.decode("ascii")
        self.capacity: int = capacity
        self._turn, self._read, self._first = self._place()
        self._write, self._next = self._read, self._first
        self._waiting_since: float | None = None
        for item in self._items(self._read, self._first, self._read + self.capacity, None):
            self._write, self._next = item.end, item.last + 1
            self._waiting_since = time.monotonic()

    def put(self, content: bytes) -> None:
        """Add a record.

        Raises:
            FullError: it does not fit, or the disk does not take it.
        """
        with self._lock:
            head = self._head(self._next, content)
            end = self._write + aligned(_RECORD.size + len(content))
            if end - self._read > self.capacity:
                raise FullError(f"{self.path} is full.")
            try:
                self._put(self._write, head + content)
            except OSError as error:
                raise FullError(f"{self.path} cannot be written: {error}.") from error
            self._write, self._next = end, self._next + 1
            self._waiting_since = self._waiting_since or time.monotonic()

    def waiting(self, most: int) -> list[SpoolItem]:
        """The oldest records, at most so many, in the order in which they were put."""
        with self._lock:
            end, following = self._write, self._next
        found = []
        for item in self._items(self._read, self._first, end, following):
            found.append(item)
            if len(found) >= most:
                break
        return found

    def done(self, item: SpoolItem) -> None:
        """What was put up to this item is kept elsewhere by now: its place is free, and blank."""
        with self._lock:
            begin, self._read, self._first = self._read, item.end, item.last + 1
            self._turn += 1
            body = struct.pack("<QQQ", self._turn, self._read, self._first)
            os.pwrite(self._file, body + struct.pack("<I", checksum(body)), PLACES[self._turn % 2])
            self._put(begin, bytes(self._read - begin))
            self._waiting_since = None if self._read == self._write else time.monotonic()

    @property
    def count(self) -> int:
        """How many records wait."""
        return self._next - self._first

    @property
    def room(self) -> int:
        """Bytes that are free."""
        return self.capacity - (self._write - self._read)

    def behind(self) -> float:
        """For how many seconds something has waited while nothing was taken."""
        since = self._waiting_since
        return 0.0 if since is None else time.monotonic() - since

    def close(self) -> None:
        """Give the file back; what waits in it stays."""
        os.close(self._file)

    def _place(self) -> tuple[int, int, int]:
        """The turn, the position and the number from which on records wait."""
        found = (0, 0, 1)
        for offset in PLACES:
            raw = os.pread(self._file, _PLACE.size, offset)
            *values, check = _PLACE.unpack(raw)
            if check == checksum(raw[:-4]) and values[0] > found[0]:
                found = (values[0], values[1], values[2])
        return found

    def _items(
        self, position: int, number: int, end: int, following: int | None
    ) -> Iterator[SpoolItem]:
        """Records from a position on; ``following`` is None while the end is not known yet."""
        while position < end:
            if (found := self._record(position, end)) and found[0] == number:
                position, number = found[2], number + 1
                yield SpoolItem(number - 1, number - 1, found[1], position)
                continue
            later = self._search(position, number, end)
            if later is not None:
                at, last = later
            elif following is not None and following > number:
                at, last = end, following - 1
            elif following is None and self._begins(position, number):
                at, last = position + STEP, number  # cut off by a kill, or damaged
            else:
                return
            yield SpoolItem(number, last, None, at)
            position, number = at, last + 1

    def _record(self, position: int, end: int) -> tuple[int, bytes, int] | None:
        magic, length, number, check = _RECORD.unpack(self._get(position, _RECORD.size))
        after = position + aligned(_RECORD.size + length)
        if magic != MAGIC or after > end:
            return None
        content = self._get(position + _RECORD.size, length)
        return (number, content, after) if check == _check(number, content) else None

    def _begins(self, position: int, number: int) -> bool:
        magic, _, mine, _ = _RECORD.unpack(self._get(position, _RECORD.size))
        return bool(magic == MAGIC and mine == number)

    def _search(self, position: int, number: int, end: int) -> tuple[int, int] | None:
        """Where the next whole record begins, and the last number before it."""
        region = self._get(position, end - position)
        at = region.find(MAGIC, STEP)
        while at >= 0:
            if at % STEP == 0 and (found := self._record(position + at, end)) and found[0] > number:
                return position + at, found[0] - 1
            at = region.find(MAGIC, at + 1)
        return None

    @staticmethod
    def _head(number: int, content: bytes) -> bytes:
        return _RECORD.pack(MAGIC, len(content), number, _check(number, content))

    def _put(self, position: int, content: bytes) -> None:
        start = position % self.capacity
        split = self.capacity - start
        for part, offset in ((content[:split], start), (content[split:], 0)):
            if part and os.pwrite(self._file, part, HEADER + offset) != len(part):
                raise OSError("a part was not written")

    def _get(self, position: int, length: int) -> bytes:
        start = position % self.capacity
        first = os.pread(self._file, min(length, self.capacity - start), HEADER + start)
        return first + os.pread(self._file, length - len(first), HEADER)


def _check(number: int, content: bytes) -> int:
    return checksum(number.to_bytes(8, "little"), content)


def aligned(length: int) -> int:
    """A length in bytes, up to the next place where a record may begin."""
    return -(-length // STEP) * STEP
