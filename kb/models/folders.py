"""A model's folder as somebody brings it: what it is, and whether it may come in.

Weights are safetensors, which hold numbers and no code; pickled ones, which may hold code, are left
behind. A model that wants its own code run is refused.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kb.embedding.folders import languages, licence, max_tokens, parsed, prompts, read
from kb.embedding.folders import modules as parts
from kb.embedding.models import LARGEST_TOKENIZER, WEIGHTS
from kb.embedding.weights import check as check_weights
from kb.errors import ConfigurationError, UsageError

Purpose = Literal["embedding", "reranking", "language", "tuning"]
CARRIED = {".safetensors", ".json", ".txt", ".model", ".md"}
CARRIED_NAMES = re.compile(r"(LICEN[CS]E|NOTICE|COPYING)([.-].*)?", re.IGNORECASE)
PICKLED = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
CONFIGURATION, TOKENIZER = "config.json", "tokenizer.json"
OWN_CODE = "auto_map"
"""By this key a configuration names code that comes with the model."""
TRUSTED_MODULES = "sentence_transformers."


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model's files say of it; ``languages`` as its card has them (ISO 639-1)."""

    purpose: Purpose
    dimension: int | None
    max_tokens: int | None
    licence: str | None
    languages: tuple[str, ...]


def check(folder: Path) -> None:
    """Check that a folder may come in.

    Raises:
        UsageError: it is no model, is not whole, or may not come in.
    """
    facts_of(folder)
    tokenizer = folder / TOKENIZER
    if tokenizer.stat().st_size > LARGEST_TOKENIZER:
        raise _no_model(folder, f"{TOKENIZER} has more than {LARGEST_TOKENIZER:,} bytes")
    _refuse_links(folder)


def facts_of(folder: Path) -> ModelFacts:
    """Look at a model's folder; its largest files are not read.

    Raises:
        UsageError: as :func:`check` raises it, for most of what is wrong.
    """
    try:
        return _facts_of(folder)
    except ConfigurationError as error:
        raise _no_model(folder, error.message.rstrip(".")) from error
    except OSError as error:
        raise _no_model(folder, f"it cannot be read ({error})") from error


def _facts_of(folder: Path) -> ModelFacts:
    for needed in (CONFIGURATION, TOKENIZER):
        if not (folder / needed).is_file():
            raise _no_model(folder, f"{needed} is missing")
    config, modules = read(folder / CONFIGURATION), parts(folder)
    _refuse_code(folder)
    for weights in _weights(folder, modules):
        check_weights(weights)
    limit = config.get("max_position_embeddings")
    if modules:
        prompts(folder)
        limit = max_tokens(folder)
    return ModelFacts(
        "embedding" if modules else _purpose(folder, config),
        _dimension(folder, config, modules),
        limit if type(limit) is int and limit > 0 else None,
        licence(folder),
        languages(folder),
    )


def copied(folder: Path, into: Path) -> list[str]:
    """Copy what a model needs; gives the names of the files with pickled weights, left behind.

    Raises:
        OSError: something cannot be read or written.
    """
    left = []
    for file in _files(folder):
        name = file.relative_to(folder)
        if file.suffix in CARRIED or CARRIED_NAMES.fullmatch(file.name):
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, into / name)
        elif file.suffix in PICKLED:
            left.append(str(name))
    return left


def _purpose(folder: Path, config: Mapping[str, Any]) -> Purpose:
    kinds = config.get("architectures")
    first = str(kinds[0]) if isinstance(kinds, list) and kinds else ""
    if first.endswith("ForSequenceClassification"):
        return "reranking"
    raise _no_model(folder, "modules.json is missing, by which it would embed texts")


def _refuse_code(folder: Path) -> None:
    wanting = [f for f in folder.rglob("*config.json") if f.is_file() and _names_code(f)]
    said = read(folder / "modules.json", [])
    foreign = [m["type"] for m in said if not m["type"].startswith(TRUSTED_MODULES)]
    if wanting or foreign:
        raise UsageError(
            f"{folder.name} wants code of its own to be run ({OWN_CODE}, or a module of its own), "
            "and code that comes with a model is never run here. It was not added.",
            code="model_wants_code",
            detail={"folder": str(folder)},
        )


def _names_code(file: Path) -> bool:
    said = parsed(file)
    return isinstance(said, Mapping) and OWN_CODE in said


def _refuse_links(folder: Path) -> None:
    """Links that lead out of the folder bring in what somebody else may not be meant to read.

    A model hub's own cache has its files in ``blobs``, beside the folders of links to them.
    """
    inside = [folder.resolve()]
    if folder.resolve().parent.name == "snapshots":
        inside.append(folder.resolve().parent.parent / "blobs")
    for file in _files(folder):
        if not _is_text(file.name):
            raise _no_model(folder, "the name of a file in it is no text (UTF-8)")
        if not any(file.resolve().is_relative_to(place) for place in inside):
            name = file.relative_to(folder)
            raise _no_model(folder, f"{name} is a link that leads out of the folder")


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _files(folder: Path) -> Iterator[Path]:
    """What may be a part of the model: no hidden files, nor what is no file."""
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if not hidden and file.is_file():
            yield file


def _weights(folder: Path, modules: list[tuple[str, str]]) -> Iterator[Path]:
    """The files of weights, each of which has to be there."""
    places = [folder, *(folder / path for _, path in modules if path)]
    for place in places:
        pickled = [f.name for f in place.glob("*") if f.suffix in PICKLED]
        if (place / WEIGHTS).is_file():
            yield place / WEIGHTS
        elif pickled:
            raise UsageError(
                f"The weights in {place} are pickled ({', '.join(pickled)}): such a file can hold "
                f"code, and is never opened here. Get the model with safetensors ({WEIGHTS}).",
                code="model_pickled",
                detail={"folder": str(place), "files": pickled},
            )
        elif place == folder:
            raise _no_model(folder, f"{WEIGHTS} is missing")


def _dimension(
    folder: Path, config: Mapping[str, Any], modules: list[tuple[str, str]]
) -> int | None:
    found = config.get("hidden_size")
    for _, path in modules:
        said = read(folder / path / CONFIGURATION) if path else {}
        keys = ("word_embedding_dimension", "embedding_dimension", "out_features")
        found = next((said[key] for key in keys if key in said), found)
    if found is not None and (type(found) is not int or found < 1):
        raise _no_model(folder, f"its vectors would have {str(found)[:20]} dimensions")
    return found


def _no_model(folder: Path, why: str) -> UsageError:
    return UsageError(
        f"{folder} holds no model that can be used here: {why}.",
        code="not_a_model",
        detail={"folder": str(folder), "reason": why},
    )
