"""The OpenVINO runtime: a model's graph, compiled for this processor. It alone knows OpenVINO."""

import contextlib
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb import bulk
from kb.embedding.models import ModelFiles, TokenCounter
from kb.embedding.naming import Dtype, Name
from kb.embedding.runtimes import CPU_SLICES, MATCHED_AT_ONCE, PADDED_TO, Vectors
from kb.embedding.runtimes.bert import Graph, Shape, weights_of
from kb.embedding.runtimes.paging import page_out
from kb.errors import ConfigurationError

KERNELS = 64
"""How many kernels are kept, by the shapes of batches: each costs memory."""
CALIBRATED_AT_ONCE = 8
"""Texts of one batch while int8 is calibrated."""


def library() -> Any:
    """OpenVINO, without the package by which it would report that it was imported.

    Raises:
        ConfigurationError: there is no OpenVINO for this machine.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except (ImportError, OSError) as error:
        raise ConfigurationError(
            f"OpenVINO cannot be loaded: {error}", code="runtime_missing"
        ) from error
    return openvino


def graph_of(files: ModelFiles, ranges: Any = None, *, watched: bool = False) -> Any:
    """The graph of a model (``openvino.Model``), in float32 or, with ``ranges``, 8-bit integers.

    Raises:
        ConfigurationError: only torch can run it; or its weights cannot be read.
    """
    shape = Shape.of(files.folder)
    return Graph(library(), weights_of(files.weights), shape, ranges, watched=watched).build()


class Compiled:
    """A model as OpenVINO computes it (:class:`kb.embedding.runtimes.Runtime`).

    ``graph`` is an ``openvino.Model``, or the file of one. Bulk work has threads of its own, as
    many as ``threads``; a question waits for none of it, nor for the passages of another one.
    """

    name: Name = "openvino"
    slices = CPU_SLICES

    def __init__(self, counter: TokenCounter, graph: Any, dtype: Dtype, threads: int) -> None:
        self.dtype = dtype
        self._counter = counter
        core = library().Core()
        core.set_property("CPU", {"CPU_RUNTIME_CACHE_CAPACITY": KERNELS})
        model = core.read_model(graph) if isinstance(graph, Path) else graph
        self.dimension = int(model.output("vectors").partial_shape[1].get_length())
        self._now = _Streams(core, model, 1 + MATCHED_AT_ONCE)
        # Its threads are made here, and have the priority of the thread that makes them.
        with ThreadPoolExecutor(1, initializer=bulk.step_back) as niced:
            self._later = niced.submit(_Streams, core, model, threads).result()
        # What compiling needed: the weights have been copied in the order that is fastest.
        page_out("/openvino/libs/", "model.safetensors", "int8.bin")

    def vectors(self, texts: Sequence[str], *, bulk: bool = False) -> Vectors:
        """See :class:`kb.embedding.runtimes.Runtime`."""
        streams = self._later if bulk else self._now
        return streams.infer(self._batch(texts), "vectors")

    def pieces(self, texts: Sequence[str]) -> list[Vectors]:
        """See :class:`kb.embedding.runtimes.Runtime`."""
        batch = self._batch(texts)
        found = self._now.infer(batch, "pieces")
        found /= np.maximum(np.linalg.norm(found, axis=2, keepdims=True), 1e-12)
        before, behind = self._counter.marks
        lengths = batch["mask"].sum(axis=1)
        return [one[before : n - behind] for one, n in zip(found, lengths, strict=True)]

    def rest(self) -> None:
        """See :class:`kb.embedding.runtimes.Runtime`."""
        self._later.release()

    def watched(self, texts: Sequence[str]) -> Iterator[Mapping[str, NDArray[Any]]]:
        """Of a graph that is watched: each product's inputs, batch by batch (pieces × inputs)."""
        for start in range(0, len(texts), CALIBRATED_AT_ONCE):
            batch = self._batch(texts[start : start + CALIBRATED_AT_ONCE])
            found = self._now.infer_all(batch)
            shown = batch["mask"].astype(bool)
            yield {n: v[shown] for n, v in found.items() if n not in {"vectors", "pieces"}}

    def _batch(self, texts: Sequence[str]) -> dict[str, NDArray[np.int32]]:
        rows = self._counter.pieces(texts)
        length = -(-max(map(len, rows)) // PADDED_TO) * PADDED_TO
        ids = np.full((len(rows), length), self._counter.padding, dtype=np.int32)
        mask = np.zeros((len(rows), length), dtype=np.int32)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1
        return {"ids": ids, "mask": mask}


class _Streams:
    """A compiled model, with as many batches at once as it has ``threads``."""

    def __init__(self, core: Any, model: Any, threads: int) -> None:
        wanted = {
            "PERFORMANCE_HINT": "THROUGHPUT",
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": str(threads),
            "INFERENCE_NUM_THREADS": str(threads),
            "ENABLE_CPU_PINNING": False,
        }
        self._compiled = core.compile_model(model, "CPU", wanted)
        self._here = threading.local()

    def infer(self, batch: Mapping[str, NDArray[np.int32]], name: str) -> Vectors:
        """One of the graph's outputs, as a copy of the caller's own."""
        return np.array(self._computed(batch)[name])

    def infer_all(self, batch: Mapping[str, NDArray[np.int32]]) -> dict[str, Vectors]:
        """Every output by its name, as it lies there until this thread infers again."""
        return {port.get_any_name(): value for port, value in self._computed(batch).items()}

    def release(self) -> None:
        """Free the tensors between the layers; nothing where somebody infers just now."""
        with contextlib.suppress(RuntimeError):  # it is busy: whoever rests last frees them
            self._compiled.release_memory()

    def _computed(self, batch: Mapping[str, NDArray[np.int32]]) -> Any:
        if not hasattr(self._here, "request"):
            self._here.request = self._compiled.create_infer_request()
        return self._here.request.infer(batch, share_outputs=True)
