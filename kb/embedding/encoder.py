"""The embedding model itself. It and :mod:`kb.embedding.lighter` alone know torch.

It lives in the embedder process; everybody else calls it through :mod:`kb.embedding.client`.
"""

import ctypes
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from kb.embedding import lighter, models
from kb.embedding.models import FOREIGN_FERTILITY, dtype_of
from kb.settings import Embedding

TRANSLATED = {
    "de": ("The meeting is on Monday morning.", "Die Besprechung ist am Montagmorgen."),
    "fr": ("The bridge was closed for repairs.", "Le pont a été fermé pour des réparations."),
    "it": (
        "Children under six travel free of charge.",
        "I bambini sotto i sei anni viaggiano gratis.",
    ),
    "es": ("She bought bread and milk.", "La señora compró pan y leche."),
}
"""English sentences and their translations: a multilingual model puts each pair close together."""
MADV_PAGEOUT = 21
"""Advice to the system, from Linux 5.4 on: these pages may leave memory. Clean ones lose
nothing."""
PADDED_TO = 16
"""Batches are padded to a multiple of this: fewer shapes, so fewer kernels made and kept."""


class Model:
    """A sentence-transformers model in memory. Every method may be called from several threads.

    Raises:
        ConfigurationError: there is no such model, or its weights are not those that are pinned.
    """

    def __init__(self, settings: Embedding) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"
        self._files = models.find(settings)
        with ThreadPoolExecutor(1) as beside:
            checked = beside.submit(models.check_weights, self._files)
            self._torch, sentence_transformers = lighter.libraries()
        checked.result()
        self._torch.set_num_threads(1)  # the embedder runs as many batches side by side instead
        self._settings = settings
        self._dtype = dtype_of(settings)
        self._model = sentence_transformers.SentenceTransformer(
            str(self._files.folder),
            device="cpu",
            local_files_only=True,
            model_kwargs={"dtype": getattr(self._torch, self._dtype)},
        )
        self._model.eval()
        _page_out("/nvidia/", "/libtorch_cuda")
        self._tokenizing = threading.Lock()
        self._counter = models.TokenCounter(self._files)
        self.multilingual = self._is_multilingual()
        self.languages = self._languages()

    def as_query(self, text: str) -> str:
        """A question with the prompt that the model wants before it."""
        return self._settings.query_prompt + text

    def as_passage(self, text: str) -> str:
        """A passage with the prompt that the model wants before it."""
        return self._settings.passage_prompt + text

    def encode(self, texts: list[str]) -> list[bytes]:
        """Vectors (normalised float32 bytes) of one batch, in the order of the texts."""
        with self._torch.inference_mode():
            with self._tokenizing:
                batch = self._model.preprocess(
                    texts, processing_kwargs={"text": {"pad_to_multiple_of": PADDED_TO}}
                )
            vectors = self._model(batch)["sentence_embedding"]
            unit = self._torch.nn.functional.normalize(vectors.float(), dim=1)
        return [v.tobytes() for v in unit.numpy()]

    def matches(self, question: str, texts: list[str]) -> list[tuple[float, float]]:
        """How well the question's word pieces are met by each text (late interaction).

        Of each piece the best cosine with a piece of the text counts. Given are the mean over all
        pieces, and the mean over the worst quarter of them.
        """
        with self._torch.inference_mode():
            with self._tokenizing:
                batch = self._model.preprocess(
                    [question, *texts],
                    processing_kwargs={"text": {"pad_to_multiple_of": PADDED_TO}},
                )
            found = self._model(batch)
            unit = self._torch.nn.functional.normalize(found["token_embeddings"].float(), dim=2)
        lengths = batch["attention_mask"].sum(dim=1).tolist()
        asked, *others = [v[1 : n - 1] for v, n in zip(unit.numpy(), lengths, strict=True)]
        return [_met(asked, other) for other in others]

    def count(self, texts: list[str]) -> list[int]:
        """Word pieces of each text."""
        return self._counter.count_all(texts)

    def fertility(self, text: str) -> float:
        """Word pieces per word."""
        words = re.findall(r"\w+", text)
        return self._counter.count(" ".join(words)) / max(1, len(words))

    def describe(self) -> dict[str, object]:
        """Name, digest and shape, for the register and for reports."""
        return {
            "name": self._files.name,
            "digest": self._files.digest,
            "dtype": self._dtype,
            "max_tokens": self._files.max_tokens,
            "dimension": self._model.get_embedding_dimension(),
            "multilingual": self.multilingual,
            "languages": self.languages,
        }

    def _is_multilingual(self) -> bool:
        left = self._matrix([a for a, _ in TRANSLATED.values()])
        right = self._matrix([b for _, b in TRANSLATED.values()])
        cosines = left @ right.T
        pairs = float(np.mean(np.diag(cosines)))
        return pairs > 0.7

    def _languages(self) -> list[str]:
        """Languages (ISO 639-1) that the tokenizer splits into few pieces per word.

        The model was trained on these. A short question with a rare name is often taken for another
        language; it then still counts as one of these.
        """
        english = " ".join(sentence for sentence, _ in TRANSLATED.values())
        samples = {"en": english} | {lang: text for lang, (_, text) in TRANSLATED.items()}
        return [lang for lang, text in samples.items() if self.fertility(text) < FOREIGN_FERTILITY]

    def _matrix(self, texts: list[str]) -> Any:
        return np.stack([np.frombuffer(v, dtype="<f4") for v in self.encode(texts)])


def _met(asked: Any, text: Any) -> tuple[float, float]:
    if not len(asked) or not len(text):
        return 0.0, 0.0
    best = np.sort((asked @ text.T).max(axis=1))
    return float(best.mean()), float(best[: max(1, len(best) // 4)].mean())


def _page_out(*parts: str) -> None:
    """Let go of the pages of libraries whose path contains one of ``parts``.

    PyPI's torch loads CUDA's libraries on every machine: 140 MB resident, never called on one that
    has no such card. The system reads a page again where it is needed after all.
    """
    maps = Path("/proc/self/maps")
    advise = getattr(ctypes.CDLL(None), "madvise", None)
    if advise is None or not maps.exists():
        return
    for line in maps.read_text().splitlines():
        area, *_, path = line.split(maxsplit=5)
        if any(part in path for part in parts):
            start, end = (int(n, 16) for n in area.split("-"))
            advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_PAGEOUT)
