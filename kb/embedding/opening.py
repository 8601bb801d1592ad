"""Opens a model in one of its runtimes; torch and OpenVINO load where these are made."""

import json
from pathlib import Path

from kb.embedding import agreement, cards, folders, models, weights
from kb.embedding.models import ModelFiles
from kb.embedding.naming import Dtype, Name
from kb.embedding.runtimes import Runtime, compiled, finite, optimised, ranges
from kb.embedding.runtimes.ranges import Ranges
from kb.embedding.runtimes.reference import Reference
from kb.errors import ConfigurationError, KbError
from kb.settings import Embedding

CPUINFO = Path("/proc/cpuinfo")
OPTIMISED = "ranges-{digest}.json"
"""The ranges of a model that ``kb models optimise`` measured, in the folder of what is derived."""
TRIED = "The bridge was closed on Monday."
LONGEST_TRIED = 512
"""Tokens: a longer text takes seconds, and is not tried."""


def open_runtime(settings: Embedding, name: Name, dtype: Dtype, folder: Path) -> Runtime:
    """The configured model in a runtime; what is derived from it lies in ``folder``.

    Raises:
        ConfigurationError: there is no such model or runtime here, the model is damaged, its
            weights are not those that are pinned, or the runtime has no such format or cannot run
            the model.
        OSError: the 8-bit file cannot be written.
    """
    files = models.find(settings)
    as_checked = _state(files)
    models.check_weights(files)
    _check_vocabulary(files)
    try:
        runtime = _opened(settings, files, name, dtype, folder)
        _check_vectors(files, runtime)
    except (KbError, OSError, MemoryError):
        raise
    except Exception as error:  # of whatever type the libraries have for what they cannot read
        if cards.is_short(error):
            raise ConfigurationError(cards.told_short(error), code="out_of_memory") from error
        raise ConfigurationError(
            f"{name} cannot compute the model in {files.folder}: {type(error).__name__}: {error}",
            code="runtime_failed",
        ) from error
    if _state(files) != as_checked:
        raise ConfigurationError(
            f"{files.weights} was changed while it was loaded. Start again.", code="model_changed"
        )
    return runtime


def _opened(
    settings: Embedding, files: ModelFiles, name: Name, dtype: Dtype, folder: Path
) -> Runtime:
    if name == "torch":
        return _torch(settings, files, dtype)
    if dtype not in {"float32", "int8"}:
        raise ConfigurationError("The openvino runtime computes float32 and int8.")
    _needs_avx2()
    graph = _optimised(files, folder) if dtype == "int8" else compiled.graph_of(files)
    threads = models.threads_of(settings)
    return compiled.Compiled(models.counter_of(files), graph, dtype, threads)


def _state(files: ModelFiles) -> tuple[int, int, int]:
    """By which another file, or a changed one, is told from the one that was compared."""
    stat = files.weights.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _check_vocabulary(files: ModelFiles) -> None:
    """Whether the weights know each number that the tokenizer gives.

    What they do not know would be an error of torch at some later text, and nothing to OpenVINO.

    Raises:
        ConfigurationError: they do not, or a file is damaged.
    """
    weights.check(files.weights)
    told = folders.read(files.folder / "config.json").get("vocab_size")
    sizes = [n for n in (weights.rows(files.weights), told) if isinstance(n, int)]
    largest = models.counter_of(files).largest()
    if sizes and largest >= min(sizes):
        raise folders.damaged(
            files.folder / "tokenizer.json",
            f"it makes word pieces up to number {largest}, and the model knows {min(sizes)} of "
            "them",
        )


def _check_vectors(files: ModelFiles, runtime: Runtime) -> None:
    """Whether a short text and the longest one that the model reads have vectors of numbers.

    Raises:
        ConfigurationError: they have not.
    """
    longest = " a" * files.max_tokens if files.max_tokens <= LONGEST_TRIED else TRIED
    found = runtime.vectors([TRIED]), runtime.vectors([longest])
    if not all(one.shape == (1, runtime.dimension) and finite(one) for one in found):
        raise folders.damaged(files.weights, "what it computes are no numbers")


def _torch(settings: Embedding, files: ModelFiles, dtype: Dtype) -> Runtime:
    """On the processor; in float16 on a card."""
    if dtype == "int8":
        raise ConfigurationError("The torch runtime computes float32, bfloat16 and float16.")
    card = cards.card_of(settings)
    if dtype == "float16" and card is None:
        raise ConfigurationError("float16 is computed on a graphics card, and there is none here.")
    return Reference(files, dtype, card if dtype == "float16" and card else "cpu")


def _optimised(files: ModelFiles, folder: Path) -> Path:
    spans = ranges_of(files, folder)
    if spans is None:
        raise ConfigurationError(
            f"Nobody has measured what the 8-bit integers of {files.name} span; kb models "
            "optimise does.",
            code="model_not_optimised",
        )
    return optimised.graph_file(files, spans, folder)


def ranges_of(files: ModelFiles, folder: Path) -> Ranges | None:
    """What the inputs of a model's products span: as shipped, or as it was measured here."""
    found = ranges.shipped(files.digest)
    own = folder / OPTIMISED.format(digest=files.digest[:16])
    if found is None and own.exists():
        return ranges.read_file(own)
    return found


def spoiled(digest: str, folder: Path) -> list[str]:
    """What was derived from a model (by the SHA-256 of its weights) and is no longer what it was.

    Its 8-bit files are read and compared with what was written down of them; its ranges have to be
    those of which such a file was made.
    """
    own, found, known = folder / OPTIMISED.format(digest=digest[:16]), [], None
    if own.exists():
        try:
            known = ranges.read_file(own)
        except (ConfigurationError, OSError):
            return [own.name]
    for made in sorted(folder.glob(f"{optimised.PREFIX}*")):
        whole, of_these = optimised.compared(made, digest, known)
        found += [] if whole else [made.name]
        found += [] if of_these else [own.name]
    return sorted(set(found))


def optimise(settings: Embedding, folder: Path) -> Path:
    """Measure the ranges of the configured model on the built-in texts, and make its 8-bit file.

    Raises:
        ConfigurationError: only torch can run this model.
        OSError: it cannot be written.
    """
    files = models.find(settings)
    models.check_weights(files)
    watched = compiled.Compiled(
        models.counter_of(files), compiled.graph_of(files, watched=True), "float32", 1
    )
    texts = [files.passage_prompt + passage for passage, _ in agreement.built_in()]
    texts += [files.query_prompt + question for _, question in agreement.built_in()]
    found = ranges.measured(watched.watched(sorted(texts, key=len)))
    content = json.dumps(ranges.written(found), indent=1).encode()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    models.write_whole(folder / OPTIMISED.format(digest=files.digest[:16]), content)
    made = optimised.graph_file(files, ranges_of(files, folder) or found, folder)
    optimised.clear_earlier(made.parent, files)
    return made


def _needs_avx2() -> None:
    """Raises ``ConfigurationError`` on an Intel or AMD processor older than 2013 or so."""
    text = CPUINFO.read_text() if CPUINFO.exists() else ""
    if "\nflags" in text and " avx2" not in text:
        raise ConfigurationError(
            "OpenVINO computes slowly, or not at all, on a processor without AVX2.",
            code="runtime_missing",
        )
