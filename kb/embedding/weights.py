"""What the head of a safetensors file says: each tensor's name, number format, shape and place.

The layout is safetensors' own: eight bytes for the length of the head, the head as JSON, the
numbers. None of these is read here.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.embedding.folders import damaged
from kb.errors import ConfigurationError

LONGEST_HEAD = 100_000_000
"""Bytes; safetensors itself reads no longer one."""
BITS = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16,
    "BF16": 16, "I16": 16, "U16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "I8": 8, "U8": 8,
    "BOOL": 8, "F4": 4,
}  # fmt: skip
WHOLE = {"I64", "U64", "I32", "U32", "I16", "U16", "I8", "U8", "BOOL"}
WORDS = ("word_embeddings.weight", "embed_tokens.weight", "tok_embeddings.weight", "shared.weight")
"""How the names of tables end that have a row for each word piece."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor in its file; ``begin`` and ``end`` count bytes from the file's beginning."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def tensors_of(file: Path) -> dict[str, Tensor]:
    """The tensors of a file by name.

    Raises:
        ConfigurationError: it is cut off, or no safetensors file, or a tensor is not where and as
            large as the head says.
        OSError: it cannot be read.
    """
    size = file.stat().st_size
    try:
        start, head = _head(file, size)
        found = dict(_tensors(head, start))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _cut_off(file, size) from error
    if not found or max(tensor.end for tensor in found.values()) != size:
        raise _cut_off(file, size)
    return found


def check(file: Path) -> None:
    """Check that a file has weights that a model is computed with as they are.

    Raises:
        ConfigurationError: as :func:`tensors_of` raises it; or they are whole numbers.
        OSError: it cannot be read.
    """
    for name, tensor in tensors_of(file).items():
        if name.endswith("weight") and tensor.dtype in WHOLE:
            raise damaged(file, f"{name} has whole numbers ({tensor.dtype}), which are no weights")


def rows(file: Path) -> int | None:
    """How many word pieces the weights know; None: their table has a name that is not known here.

    Raises:
        ConfigurationError, OSError: as :func:`tensors_of` does.
    """
    found = tensors_of(file)
    return next((t.shape[0] for name, t in found.items() if name.endswith(WORDS) and t.shape), None)


def _head(file: Path, size: int) -> tuple[int, Mapping[str, Any]]:
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if not 0 < length <= min(size - 8, LONGEST_HEAD):
            raise ValueError
        return 8 + length, json.loads(opened.read(length))


def _tensors(head: Mapping[str, Any], start: int) -> Iterator[tuple[str, Tensor]]:
    for name, told in head.items():
        if name == "__metadata__":
            continue
        begin, end = told["data_offsets"]
        shape = tuple(told["shape"])
        whole = all(type(n) is int and n >= 0 for n in (*shape, begin, end))
        if not whole or math.prod(shape) * BITS[told["dtype"]] != 8 * (end - begin):
            raise ValueError
        yield name, Tensor(told["dtype"], shape, start + begin, start + end)


def _cut_off(file: Path, size: int) -> ConfigurationError:
    return damaged(file, f"it ({size:,} bytes) is cut off, or no safetensors file")
