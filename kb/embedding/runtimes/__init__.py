"""What computes a model's vectors: torch, or a graph of OpenVINO; all behind one interface."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kb.embedding.naming import Dtype, Name

Vectors = NDArray[np.float32]
CPU_SLICES: tuple[int, ...] = (2048, 1024, 512, 256)
"""Sizes of a slice of bulk work, in padded tokens; still larger ones are no faster."""
CARD_SLICES: tuple[int, ...] = (65536, 32768, 16384, 8192, *CPU_SLICES)
"""On a graphics card, which computes large batches in the time of small ones."""
MATCHED_AT_ONCE = 2
"""Texts that are compared with questions piece by piece side by side, beside questions' vectors."""
PADDED_TO = 16
"""Batches are padded to a multiple of this: fewer shapes, so fewer kernels made and kept."""


class Runtime(Protocol):
    """A model in memory. Every method may be called from several threads.

    ``bulk`` is work that nobody waits for: where a runtime has threads of its own, it goes to those
    of a lower priority. ``slices`` are the sizes (padded tokens) in which it takes such work.
    """

    name: Name
    dtype: Dtype
    dimension: int
    slices: tuple[int, ...]

    def vectors(self, texts: Sequence[str], *, bulk: bool = False) -> Vectors:
        """A vector of length 1 for each text: texts × dimension."""

    def pieces(self, texts: Sequence[str]) -> list[Vectors]:
        """Of each text the vectors of its word pieces, of length 1, without the model's marks."""

    def rest(self) -> None:
        """Free what bulk work computed in, unless some is under way."""


def finite(vectors: Vectors) -> bool:
    """Whether all are numbers: damaged weights give what is none."""
    return bool(np.isfinite(vectors).all())
