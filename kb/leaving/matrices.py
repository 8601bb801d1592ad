"""Vectors in a file: NumPy's ``.npy``, version 1.0, float32, little endian, a row a vector.

Written and read without NumPy. The format: numpy.org, "numpy.lib.format".
"""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from kb.leaving.problems import damaged

MAGIC = b"\x93NUMPY\x01\x00"
ALIGNED = 64
"""Numbers begin at a multiple of this many bytes (the format of NumPy's ``.npy``)."""
LONGEST_HEADER = 1000
"""Most bytes of a header that are read."""
NUMBER = 4
"""Bytes of a number."""


def header(rows: int, dimension: int) -> bytes:
    """What stands before the numbers."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}"
    length = len(MAGIC) + 2 + len(text) + 1
    text += " " * (-length % ALIGNED) + "\n"
    return MAGIC + len(text).to_bytes(2, "little") + text.encode()


class Matrix:
    """Rows of a file, by the hashes that a second file has in the same order.

    Raises:
        UsageError: the file is not what an export writes.
    """

    def __init__(self, file: Path, hashes: Sequence[str], dimension: int) -> None:
        self._file: BinaryIO = file.open("rb")
        self._size = dimension * NUMBER
        self._rows = {text: number for number, text in enumerate(hashes)}
        self._start = self._checked(file, len(hashes), dimension)

    def _checked(self, file: Path, rows: int, dimension: int) -> int:
        begin = self._file.read(len(MAGIC) + 2)
        length = int.from_bytes(begin[-2:], "little")
        text = self._file.read(min(length, LONGEST_HEADER)).decode("latin-1")
        start = len(MAGIC) + 2 + length
        try:
            said = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            said = None
        wanted = {"descr": "<f4", "fortran_order": False, "shape": (rows, dimension)}
        is_whole = file.stat().st_size == start + rows * self._size
        if begin[:-2] != MAGIC or said != wanted or not is_whole or len(self._rows) != rows:
            self._file.close()
            raise damaged("vectors that do not fit their hashes", file.name)
        return start

    def __contains__(self, text_hash: str) -> bool:
        return text_hash in self._rows

    def row(self, text_hash: str) -> bytes:
        """A vector's bytes, by the hash of its text."""
        self._file.seek(self._start + self._rows[text_hash] * self._size)
        return self._file.read(self._size)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
