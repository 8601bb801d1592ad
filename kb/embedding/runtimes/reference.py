"""The torch runtime, by sentence-transformers: every model, and what all others are compared with.

It and :mod:`kb.embedding.runtimes.lighter` alone know torch.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from kb.embedding.models import ModelFiles, counter_of
from kb.embedding.naming import Device, Dtype, Name
from kb.embedding.runtimes import CARD_SLICES, CPU_SLICES, PADDED_TO, Vectors, lighter
from kb.embedding.runtimes.paging import page_out
from kb.errors import ConfigurationError

PADDING = {"text": {"pad_to_multiple_of": PADDED_TO}}


class Reference:
    """A model as torch computes it (:class:`kb.embedding.runtimes.Runtime`).

    Raises:
        ConfigurationError: torch sees no such card, the card's memory is short, or weights are
            missing.
    """

    name: Name = "torch"

    def __init__(self, files: ModelFiles, dtype: Dtype, device: Device = "cpu") -> None:
        self.dtype = dtype
        self.slices = CPU_SLICES if device == "cpu" else CARD_SLICES
        self._device = device
        self._marks = counter_of(files).marks
        self._torch, sentence_transformers = lighter.libraries()
        self._torch.set_num_threads(1)  # as many batches are computed side by side instead
        if device != "cpu" and not getattr(self._torch, device).is_available():
            raise ConfigurationError(f"torch sees no card for {device}.", code="runtime_missing")
        try:
            with lighter.complete(files.weights):
                self._model = sentence_transformers.SentenceTransformer(
                    str(files.folder),
                    device=device,
                    local_files_only=True,
                    model_kwargs={"dtype": getattr(self._torch, dtype)},
                )
        except self._torch.OutOfMemoryError as error:
            raise ConfigurationError(
                f"The card's memory is short: {error}", code="out_of_memory"
            ) from error
        self._model.eval()
        # PyPI's torch loads CUDA's libraries on every machine: 140 MB, never called without a card.
        if device != "cuda":
            page_out("/nvidia/", "/libtorch_cuda")
        self._tokenizing = threading.Lock()
        self.dimension = int(self._model.get_embedding_dimension())

    def vectors(self, texts: Sequence[str], *, bulk: bool = False) -> Vectors:  # noqa: ARG002
        """See :class:`kb.embedding.runtimes.Runtime`. It computes in the thread that calls."""
        with self._torch.inference_mode():
            found = self._model(self._batch(texts))["sentence_embedding"]
            unit = self._torch.nn.functional.normalize(found.float(), dim=1).cpu()
        vectors: Vectors = unit.numpy()
        return vectors

    def pieces(self, texts: Sequence[str]) -> list[Vectors]:
        """See :class:`kb.embedding.runtimes.Runtime`."""
        with self._torch.inference_mode():
            batch = self._batch(texts)
            found = self._model(batch)["token_embeddings"].float()
            unit = self._torch.nn.functional.normalize(found, dim=2).cpu().numpy()
        shown = batch["attention_mask"].bool().cpu().numpy()
        parts = [one[mask] for one, mask in zip(unit, shown, strict=True)]
        before, behind = self._marks
        return [np.asarray(one[before : len(one) - behind]) for one in parts]

    def rest(self) -> None:
        """See :class:`kb.embedding.runtimes.Runtime`. Torch keeps nothing on the processor."""

    def _batch(self, texts: Sequence[str]) -> Any:
        with self._tokenizing:
            batch = self._model.preprocess(list(texts), processing_kwargs=PADDING)
        return {
            name: value.to(self._device) if self._torch.is_tensor(value) else value
            for name, value in batch.items()
        }
