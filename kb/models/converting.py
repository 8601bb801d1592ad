"""Packed weights become a folder as sentence-transformers reads it.

What does not depend on the weights (configuration, prompts, pooling, licence, card) lies in this
package as it is to be (``multilingual/``); here come the weights and the tokenizer's pieces.
"""

import json
import math
import shutil
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.models.packed import Packed

TEMPLATE = Path(__file__).parent / "multilingual"
KEPT_AS = np.dtype("<f2")
"""Half the size of float32; what of a vector is lost by it is in docs/models.md."""
LAYERS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor by its name in BERT; its values are unpacked where they are written."""

    name: str
    shape: tuple[int, ...]
    values: Callable[[], NDArray[np.float32]]


def convert(packed: Packed, folder: Path) -> None:
    """Write a model into a folder that is not there yet.

    Raises:
        OSError: it cannot be written.
    """
    shutil.copytree(TEMPLATE, folder, copy_function=shutil.copyfile)
    _write_weights(folder / "model.safetensors", list(_weights(packed)))
    tokenizer = folder / "tokenizer.json"
    content = json.loads(tokenizer.read_text(encoding="utf-8"))
    content["model"]["vocab"] = packed.pieces
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    tokenizer.write_text(text, encoding="utf-8")


def _weights(packed: Packed) -> Iterator[_Tensor]:
    shape = packed.shape
    hidden, inner = (shape.hidden,), (shape.inner,)
    square = hidden + hidden

    def tensor(short: str, name: str, size: tuple[int, ...]) -> _Tensor:
        return _Tensor(name, size, partial(packed.tensor, short, size))

    def pair(short: str, name: str, size: tuple[int, ...]) -> Iterator[_Tensor]:
        yield tensor(f"{short}.w", f"{name}.weight", size)
        yield tensor(f"{short}.b", f"{name}.bias", size[:1])

    yield tensor("emb.word", "embeddings.word_embeddings.weight", (shape.pieces, *hidden))
    yield tensor("emb.pos", "embeddings.position_embeddings.weight", (shape.positions, *hidden))
    yield tensor("emb.type", "embeddings.token_type_embeddings.weight", (shape.types, *hidden))
    yield from pair("emb.ln", "embeddings.LayerNorm", hidden)
    sizes = {"fi": inner + hidden, "fo": hidden + inner, "aln": hidden, "oln": hidden}
    for number in range(shape.layers):
        for short, name in LAYERS.items():
            place = f"encoder.layer.{number}.{name}"
            yield from pair(f"l{number}.{short}", place, sizes.get(short, square))
    # No vector needs it; without it transformers says that the model is not whole.
    for name, size in (("weight", square), ("bias", hidden)):
        yield _Tensor(f"pooler.dense.{name}", size, partial(_nothing, size))


def _nothing(size: tuple[int, ...]) -> NDArray[np.float32]:
    return np.zeros(size, np.float32)


def _write_weights(file: Path, tensors: Sequence[_Tensor]) -> None:
    """A safetensors file in float16, written tensor by tensor: the whole is never in memory."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for one in tensors:
        end = at + math.prod(one.shape) * KEPT_AS.itemsize
        header[one.name] = {"dtype": "F16", "shape": one.shape, "data_offsets": [at, end]}
        at = end
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with file.open("wb") as out:
        out.write(struct.pack("<Q", len(head)) + head)
        for one in tensors:
            out.write(one.values().astype(KEPT_AS).data)
