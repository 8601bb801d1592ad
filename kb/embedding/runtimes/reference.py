"""The torch runtime, by sentence-transformers: every model, and what all others are compared with.

It and :mod:`kb.embedding.runtimes.lighter` alone know torch.
"""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kb.embedding import cards
from kb.embedding.models import ModelFiles, counter_of
from kb.embedding.naming import Device, Dtype, Name
from kb.embedding.runtimes import CARD_SLICES, CPU_SLICES, PADDED_TO, Vectors, lighter
from kb.embedding.runtimes.paging import page_out
from kb.errors import ConfigurationError

PADDING = {"text": {"pad_to_multiple_of": PADDED_TO}}
SIDE_BY_SIDE = 2
"""Slices of bulk work that a card has at once: it computes one after the other anyway, and each
needs memory, which other users of the card lack. Others are cut into word pieces meanwhile."""


class Reference:
    """A model as torch computes it (:class:`kb.embedding.runtimes.Runtime`).

    Raises:
        ConfigurationError: torch sees no such card, or weights are missing.
        RuntimeError: the card's memory is short (:func:`kb.embedding.cards.is_short`).
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
        with lighter.complete(files.weights):
            self._model = sentence_transformers.SentenceTransformer(
                str(files.folder),
                device=device,
                local_files_only=True,
                model_kwargs={"dtype": getattr(self._torch, dtype)},
            )
        self._model.eval()
        if device != "cpu":
            cards.use(device, getattr(self._torch, device).empty_cache)
        # PyPI's torch loads CUDA's libraries on every machine: 140 MB, never called without a card.
        if device != "cuda":
            page_out("/nvidia/", "/libtorch_cuda")
        self._tokenizing = threading.Lock()
        self._turns = threading.Semaphore(SIDE_BY_SIDE)
        self.dimension = int(self._model.get_embedding_dimension())

    def vectors(self, texts: Sequence[str], *, bulk: bool = False) -> Vectors:
        """See :class:`kb.embedding.runtimes.Runtime`. It computes in the thread that calls."""
        cut = self._cut(texts)
        with self._turn(bulk=bulk):
            found = self._model(self._moved(cut))["sentence_embedding"]
            unit = self._torch.nn.functional.normalize(found.float(), dim=1).cpu()
        vectors: Vectors = unit.numpy()
        return vectors

    def pieces(self, texts: Sequence[str]) -> list[Vectors]:
        """See :class:`kb.embedding.runtimes.Runtime`."""
        cut = self._cut(texts)
        with self._turn(bulk=False):
            found = self._model(self._moved(cut))["token_embeddings"].float()
            unit = self._torch.nn.functional.normalize(found, dim=2).cpu().numpy()
        shown = cut["attention_mask"].bool().numpy()
        parts = [one[mask] for one, mask in zip(unit, shown, strict=True)]
        before, behind = self._marks
        return [np.asarray(one[before : len(one) - behind]) for one in parts]

    def rest(self) -> None:
        """See :class:`kb.embedding.runtimes.Runtime`. Torch keeps nothing on the processor."""

    @contextlib.contextmanager
    def _turn(self, *, bulk: bool) -> Iterator[None]:
        """Compute: on a card few slices of bulk work do at once, and a question waits for none."""
        waits = bulk and self._device != "cpu"
        with self._turns if waits else contextlib.nullcontext(), self._torch.inference_mode():
            yield

    def _cut(self, texts: Sequence[str]) -> Any:
        """Texts as numbers of word pieces, padded."""
        with self._tokenizing:
            return self._model.preprocess(list(texts), processing_kwargs=PADDING)

    def _moved(self, cut: Any) -> Any:
        return {
            name: value.to(self._device) if self._torch.is_tensor(value) else value
            for name, value in cut.items()
        }
