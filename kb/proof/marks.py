"""Marks: a few bytes of each thing that is erased, which would tell, were they found in any file.

A mark is kept as a key and a digest, both salted, so that it does not repeat what it is of. To find
marks, every place of a file is taken as a number of 64 bits (little endian) and multiplied by an
odd factor; where the upper half is a mark's key, its digest is compared. Pure.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator

from kb.types.purges import Mark, Marks

LONGEST, SHORTEST = 24, 12
"""Bytes of a mark. Shorter ones would stand in other texts by chance."""
WORD = 8
"""Bytes of a text by which its mark is found, as one number."""
VARIED = 6
"""Different bytes that a mark has at least: a row of dots tells nothing."""
PLACES = 4
"""Marks that are taken of a text, spread over it."""
MOST = 4000
"""Marks of a kind in one erasing; what comes after them has none."""


class Maker:
    """Makes marks, with a salt and a factor of its own."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(16)
        self._factor = secrets.randbits(63) * 2 + 1
        self._each: dict[str, Mark] = {}
        self._counts: Counter[str] = Counter()

    def add(self, kind: str, content: bytes) -> None:
        """Mark a text, a name or a vector."""
        if self._counts[kind] >= MOST:
            return
        for start in sorted({_aligned(content, n) for n in range(PLACES)}):
            window = content[start : start + LONGEST]
            if len(window) >= SHORTEST and len(set(window)) >= VARIED:
                mark = self._mark(kind, window)
                self._each.setdefault(mark.digest, mark)
                self._counts[kind] += 1

    def marks(self) -> Marks:
        """All that were made."""
        return Marks(self._salt.hex(), self._factor, list(self._each.values()))

    def _mark(self, kind: str, window: bytes) -> Mark:
        word = int.from_bytes(window[:WORD], "little")
        key = ((word * self._factor) & (2**64 - 1)) >> 32
        return Mark(kind, key, len(window), _digest(self._salt, window))


class Finder:
    """Finds marks in bytes."""

    def __init__(self, marks: Marks) -> None:
        import numpy as np  # the web process does without it

        self._salt = bytes.fromhex(marks.salt)
        self._factor = np.uint64(marks.factor)
        self._by_key: dict[int, list[Mark]] = {}
        for mark in marks.each:
            self._by_key.setdefault(mark.key, []).append(mark)
        self._keys = np.array(sorted(self._by_key), dtype=np.uint64)
        self._likely = np.zeros(1 << 16, dtype=bool)
        self._likely[self._keys >> np.uint64(16)] = True

    def found_in(self, content: bytes) -> Iterator[Mark]:
        """The marks in it; one may come several times."""
        import numpy as np

        for shift in range(min(WORD, len(content) - WORD + 1)):
            words = np.frombuffer(content, "<u8", (len(content) - shift) // WORD, shift)
            keys = (words * self._factor) >> np.uint64(32)
            likely = np.flatnonzero(self._likely[keys >> np.uint64(16)])
            for at in likely[np.isin(keys[likely], self._keys)].tolist():
                yield from self._at(content, at * WORD + shift, int(keys[at]))

    def is_in(self, text: str) -> bool:
        """Whether a mark stands in a text."""
        return next(iter(self.found_in(_bytes(text))), None) is not None

    def _at(self, content: bytes, start: int, key: int) -> Iterator[Mark]:
        for mark in self._by_key[key]:
            if _digest(self._salt, content[start : start + mark.length]) == mark.digest:
                yield mark


def telling(every: Marks, others: Iterable[str]) -> Marks:
    """The marks that stand in none of these other texts."""
    finder = Finder(every)
    common = {mark.digest for text in others for mark in finder.found_in(_bytes(text))}
    left = [mark for mark in every.each if mark.digest not in common]
    return Marks(every.salt, every.factor, left)


def _aligned(content: bytes, n: int) -> int:
    """Where the n-th mark of a text begins."""
    return max(0, (len(content) - LONGEST) * n // (PLACES - 1))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _digest(salt: bytes, window: bytes) -> str:
    return hashlib.blake2b(window, key=salt, digest_size=16).hexdigest()
