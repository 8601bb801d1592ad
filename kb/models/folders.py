"""A model's folder as somebody brings it: what it is, and whether it may come in.

Weights are safetensors, which hold numbers and no code; pickled ones, which may hold code, are left
behind. A model that wants its own code run is refused.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kb.embedding.models import WEIGHTS
from kb.errors import UsageError

Purpose = Literal["embedding", "reranking", "language"]
CARRIED = {".safetensors", ".json", ".txt", ".model", ".md"}
CARRIED_NAMES = re.compile(r"(LICEN[CS]E|NOTICE|COPYING)([.-].*)?", re.IGNORECASE)
PICKLED = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
TOKENIZER = "tokenizer.json"
OWN_CODE = "auto_map"
"""By this key a configuration names code that comes with the model."""
TRUSTED_MODULES = "sentence_transformers."


@dataclass(frozen=True, slots=True)
class Facts:
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
    tokenizer = _json(folder / TOKENIZER)
    if not isinstance(tokenizer, dict) or "model" not in tokenizer:
        raise _no_model(folder, f"{TOKENIZER} is no tokenizer")


def facts_of(folder: Path) -> Facts:
    """Look at a model's folder; its largest files are not read.

    Raises:
        UsageError: as :func:`check` raises it, for most of what is wrong.
    """
    config = _json(folder / "config.json")
    modules = _modules(folder)
    _refuse_code(folder, modules)
    for weights in _weights(folder, modules):
        _check_whole(weights)
    if not (folder / TOKENIZER).is_file():
        raise _no_model(folder, f"{TOKENIZER} is missing")
    licence, languages = _card(folder)
    limit = _json(folder / "sentence_bert_config.json") if modules else {}
    return Facts(
        "embedding" if modules else _purpose(folder, config),
        _dimension(folder, config, modules),
        limit.get("max_seq_length") or config.get("max_position_embeddings"),
        licence,
        languages,
    )


def copied(folder: Path, into: Path) -> list[str]:
    """Copy what a model needs; gives the names of the files with pickled weights, left behind.

    Raises:
        OSError: something cannot be read or written.
    """
    left = []
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if any(part.startswith(".") for part in name.parts) or not file.is_file():
            continue
        if file.suffix in CARRIED or CARRIED_NAMES.fullmatch(file.name):
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, into / name)
        elif file.suffix in PICKLED:
            left.append(str(name))
    return left


def _purpose(folder: Path, config: Mapping[str, Any]) -> Purpose:
    kinds = config.get("architectures") or [""]
    if str(kinds[0]).endswith("ForSequenceClassification"):
        return "reranking"
    raise _no_model(folder, "modules.json is missing, by which it would embed texts")


def _modules(folder: Path) -> list[dict[str, Any]]:
    return _json(folder / "modules.json") if (folder / "modules.json").is_file() else []


def _refuse_code(folder: Path, modules: list[dict[str, Any]]) -> None:
    wanting = [file for file in folder.rglob("*config.json") if OWN_CODE in _json(file)]
    foreign = [m for m in modules if not str(m.get("type")).startswith(TRUSTED_MODULES)]
    if wanting or foreign:
        raise UsageError(
            f"{folder.name} wants code of its own to be run ({OWN_CODE}, or a module of its own), "
            "and code that comes with a model is never run here. It was not added.",
            code="model_wants_code",
            detail={"folder": str(folder)},
        )


def _weights(folder: Path, modules: list[dict[str, Any]]) -> Iterator[Path]:
    """The files of weights, each of which has to be there."""
    places = [folder, *(folder / str(m.get("path", "")) for m in modules if m.get("path"))]
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


def _check_whole(file: Path) -> None:
    """Whether a safetensors file has all that its head names; only the head is read."""
    size = file.stat().st_size
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            if not 0 < length < size:
                raise ValueError
            head = json.loads(opened.read(length))
        ends = [tensor["data_offsets"][1] for name, tensor in head.items() if name[:2] != "__"]
        if 8 + length + max(ends) != size:
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_model(
            file.parent, f"{file.name} ({size:,} bytes) is cut off, or no safetensors file"
        ) from error


def _dimension(
    folder: Path, config: Mapping[str, Any], modules: list[dict[str, Any]]
) -> int | None:
    found = config.get("hidden_size")
    for module in modules:
        file = folder / str(module.get("path", "")) / "config.json"
        said = _json(file) if module.get("path") and file.is_file() else {}
        keys = ("word_embedding_dimension", "embedding_dimension", "out_features")
        found = next((said[key] for key in keys if key in said), found)
    return found


def _card(folder: Path) -> tuple[str | None, tuple[str, ...]]:
    """Licence and languages as the head of the model's README has them."""
    file = folder / "README.md"
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    head = text.split("\n---", 1)[0] if text.startswith("---") else ""
    licence = re.search(r"^licen[cs]e:\s*(\S+)\s*$", head, re.MULTILINE)
    told = re.search(r"^languages?:[ \t]*(\S.*$|(?:\n\s*-.*)+)", head, re.MULTILINE)
    languages = re.findall(r"[a-z]{2,}", told[1]) if told else []
    return licence[1] if licence else None, tuple(languages)


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise _no_model(file.parent, f"{file.name} is missing") from error
    except (OSError, ValueError) as error:
        raise _no_model(file.parent, f"{file.name} cannot be read ({error})") from error


def _no_model(folder: Path, why: str) -> UsageError:
    return UsageError(
        f"{folder} holds no model that can be used here: {why}.",
        code="not_a_model",
        detail={"folder": str(folder), "reason": why},
    )
