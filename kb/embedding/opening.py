"""Opens a model in one of its runtimes. Torch and OpenVINO load only where they are used."""

import json
from pathlib import Path

from kb.embedding import models
from kb.embedding.cards import card_of
from kb.embedding.models import ModelFiles
from kb.embedding.naming import Dtype, Name
from kb.embedding.runtimes import Runtime
from kb.embedding.runtimes.ranges import Ranges
from kb.errors import ConfigurationError
from kb.settings import Embedding

CPUINFO = Path("/proc/cpuinfo")
OPTIMISED = "ranges-{digest}.json"
"""The ranges of a model that ``kb models optimise`` measured, in the folder of what is derived."""


def open_runtime(settings: Embedding, name: Name, dtype: Dtype, folder: Path) -> Runtime:
    """The configured model in a runtime; what is derived from it lies in ``folder``.

    Raises:
        ConfigurationError: there is no such model or runtime here, the runtime has no such format
            or cannot run the model, or the weights are not those that are pinned.
        OSError: the 8-bit file cannot be written.
    """
    files = models.find(settings)
    models.check_weights(files)
    if name == "torch":
        return _torch(settings, files, dtype)
    from kb.embedding.runtimes import compiled

    if dtype not in {"float32", "int8"}:
        raise ConfigurationError("The openvino runtime computes float32 and int8.")
    _needs_avx2()
    graph = _optimised(files, folder) if dtype == "int8" else compiled.graph_of(files)
    threads = models.threads_of(settings)
    try:
        return compiled.Compiled(models.counter_of(files), graph, dtype, threads)
    except RuntimeError as error:  # of OpenVINO, where it knows an operation or processor not
        raise ConfigurationError(f"OpenVINO: {error}", code="runtime_failed") from error


def _torch(settings: Embedding, files: ModelFiles, dtype: Dtype) -> Runtime:
    """On the processor; in float16 on a card."""
    if dtype == "int8":
        raise ConfigurationError("The torch runtime computes float32, bfloat16 and float16.")
    card = card_of(settings)
    if dtype == "float16" and card is None:
        raise ConfigurationError("float16 is computed on a graphics card, and there is none here.")
    from kb.embedding.runtimes.reference import Reference

    return Reference(files, dtype, card if dtype == "float16" and card else "cpu")


def _optimised(files: ModelFiles, folder: Path) -> Path:
    from kb.embedding.runtimes import optimised

    ranges = ranges_of(files, folder)
    if ranges is None:
        raise ConfigurationError(
            f"Nobody has measured what the 8-bit integers of {files.name} span; kb models "
            "optimise does.",
            code="model_not_optimised",
        )
    return optimised.graph_file(files, ranges, folder)


def ranges_of(files: ModelFiles, folder: Path) -> Ranges | None:
    """What the inputs of a model's products span: as shipped, or as it was measured here."""
    from kb.embedding.runtimes import ranges

    found = ranges.shipped(files.digest)
    own = folder / OPTIMISED.format(digest=files.digest[:16])
    if found is None and own.exists():
        return ranges.read(json.loads(own.read_text(encoding="utf-8")))
    return found


def optimise(settings: Embedding, folder: Path) -> Path:
    """Measure the ranges of the configured model on the built-in texts, and make its 8-bit file.

    Raises:
        ConfigurationError: only torch can run this model.
        OSError: it cannot be written.
    """
    from kb.embedding import agreement
    from kb.embedding.runtimes import compiled, optimised, ranges

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
    return optimised.graph_file(files, ranges_of(files, folder) or found, folder)


def _needs_avx2() -> None:
    """Raises ``ConfigurationError`` on an Intel or AMD processor older than 2013 or so."""
    text = CPUINFO.read_text() if CPUINFO.exists() else ""
    if "\nflags" in text and " avx2" not in text:
        raise ConfigurationError(
            "OpenVINO computes slowly, or not at all, on a processor without AVX2.",
            code="runtime_missing",
        )
