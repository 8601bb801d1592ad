"""What a model's folder says of the model: its prompts, how long a text it reads, its licence.

A folder is sentence-transformers': ``modules.json`` names the parts, of which the first is the
encoder and the second pools its word pieces.
"""

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from kb.errors import ConfigurationError

USUAL = ("Transformer", "Pooling", "Normalize")
NO_LIMIT = 100_000
"""From so many tokens on what a tokenizer says of the longest text is no limit of a model."""
SHORTEST_WINDOW = 256
"""What a model reads where its folder says nothing."""
QUERY_NAMES, PASSAGE_NAMES = ("query",), ("document", "passage", "corpus")
"""By which sentence-transformers looks for the prompts, in this order."""
LARGEST_JSON = 16_000_000
"""Bytes of a configuration, which has kilobytes; what is larger is none."""
CARD_BYTES = 100_000
"""So much is read of a card, or of a licence."""
BOTH, QUERY_ALONE = ("query", "passage"), ("query",)
FAMILIES: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = (
    (frozenset({"e5"}), BOTH),
    (frozenset({"nomic"}), BOTH),
    (frozenset({"instructor"}), BOTH),
    (frozenset({"bge"}), QUERY_ALONE),
    (frozenset({"gte", "qwen2"}), QUERY_ALONE),
    (frozenset({"qwen3", "embedding"}), QUERY_ALONE),
    (frozenset({"arctic"}), QUERY_ALONE),
    (frozenset({"mxbai"}), QUERY_ALONE),
)
"""Words of the names of models that were trained with prompts, and which ones, as their cards say.
A model that has all the words of a row is of that family."""
WITHOUT = frozenset({"m3"})
"""Words of names (bge-m3) whose models want none after all."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """What is put before a question and before a passage; None: the folder names none."""

    query: str | None
    passage: str | None


def prompts(folder: Path) -> Prompts:
    """The prompts that a model's folder names.

    Raises:
        ConfigurationError: the file is damaged.
    """
    file = folder / "config_sentence_transformers.json"
    said = read(file)
    named = said.get("prompts") or {}
    if not isinstance(named, Mapping) or not all(isinstance(p, str) for p in named.values()):
        raise damaged(file, "its prompts are no texts by name")
    usual = named.get(str(said.get("default_prompt_name")))

    def first(names: tuple[str, ...]) -> str | None:
        return next((named[name] for name in names if name in named), usual)

    return Prompts(first(QUERY_NAMES), first(PASSAGE_NAMES))


def missing_prompts(folder: Path, query: str, passage: str) -> str:
    """Why the prompts are not what the model's family was trained with; empty: nothing is wrong."""
    given, words = {"query": query, "passage": passage}, _words(folder)
    wanted = next((these for family, these in FAMILIES if family <= words), ())
    lacking = [name for name in wanted if not given[name]]
    if not lacking or WITHOUT & words:
        return ""
    settings = " and ".join(f"embedding.{name}_prompt" for name in lacking)
    return (
        f"By its name this model was trained with prompts, and its folder names none: its card "
        f"says what {settings} should be."
    )


def _words(folder: Path) -> set[str]:
    """Of the names by which the folder, its configuration and its card call the model."""
    config = read(folder / "config.json")
    base = re.search(r"^base_model:\s*(?:-\s*)?(\S+)", _head(folder), re.MULTILINE)
    names = [folder.name, str(config.get("_name_or_path", "")), base[1] if base else ""]
    return set(re.split(r"[^a-z0-9]+", " ".join(names).casefold()))


def max_tokens(folder: Path) -> int:
    """The longest text that the model reads, in tokens, its own marks among them.

    Raises:
        ConfigurationError: a file is damaged.
    """
    told = (
        read(folder / "sentence_bert_config.json").get("max_seq_length"),
        read(folder / "tokenizer_config.json").get("model_max_length"),
        read(folder / "config.json").get("max_position_embeddings"),
    )
    return next((n for n in map(_number, told) if n and n < NO_LIMIT), SHORTEST_WINDOW)


def _number(value: Any) -> int | None:
    """A whole number above nothing; None: it is something else."""
    return int(value) if type(value) in {int, float} and 0 < value < sys.maxsize else None


def padding(folder: Path) -> int:
    """The number of the token that fills up a batch."""
    return _number(read(folder / "config.json").get("pad_token_id")) or 0


def licence(folder: Path) -> str | None:
    """What the head of the model's card says (as model hubs have it); else its licence's title."""
    found = re.search(r"^licen[cs]e:\s*(\S+)\s*$", _head(folder), re.MULTILINE)
    if found:
        return found[1]
    for file in sorted(folder.glob("LICEN[CS]E*")):
        title = next((line.strip() for line in _begins(file).split("\n") if line.strip()), "")
        if title:
            return title[:80]
    return None


def languages(folder: Path) -> tuple[str, ...]:
    """The languages (ISO 639-1) that the head of the model's card names."""
    told = re.search(r"^languages?:[ \t]*(\S.*$|(?:\n\s*-.*)+)", _head(folder), re.MULTILINE)
    return tuple(re.findall(r"[a-z]{2,}", told[1])) if told else ()


def _head(folder: Path) -> str:
    text = _begins(folder / "README.md")
    return text.split("\n---", 1)[0] if text.startswith("---") else ""


def _begins(file: Path) -> str:
    """The beginning of a text; empty where there is no file."""
    if not file.is_file():
        return ""
    with file.open("rb") as opened:
        return opened.read(CARD_BYTES).decode(errors="replace").replace("\r\n", "\n")


def pooling(folder: Path) -> str | None:
    """How word pieces become one vector: ``mean``, ``cls`` (the first); None: in another way."""
    parts = modules(folder)
    if tuple(kind for kind, _ in parts) not in (USUAL[:2], USUAL):
        return None
    said = read(folder / parts[1][1] / "config.json")
    mode = said.get("pooling_mode")
    if isinstance(mode, str) and mode in {"mean", "cls"}:
        return mode
    chosen = [name for name, value in said.items() if name.startswith("pooling_mode_") and value]
    names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    return names.get(chosen[0]) if len(chosen) == 1 else None


def modules(folder: Path) -> list[tuple[str, str]]:
    """The parts of a model: kind, and subfolder (of the encoder usually none).

    Raises:
        ConfigurationError: the file is damaged.
    """
    file = folder / "modules.json"
    found = read(file, [])
    for one in found:
        told = isinstance(one, Mapping) and isinstance(one.get("type"), str)
        path = one.get("path") if told else None
        if not isinstance(path, str) or _leads_out(path):
            raise damaged(file, "a part is not named by its kind and its folder within the model")
    return [(_kind(one["type"]), one["path"]) for one in found]


def _kind(said: str) -> str:
    """A part's kind; one of code that is not sentence-transformers' is none that is known here."""
    return said.rpartition(".")[2] if said.startswith("sentence_transformers.") else said


def _leads_out(path: str) -> bool:
    parts = PurePosixPath(path)
    return parts.is_absolute() or ".." in parts.parts or "\0" in path


def digest_of_parts(folder: Path) -> str:
    """The SHA-256 of what stands behind the encoder; empty where that is the mean of its pieces.

    A vector depends on it: two models may share their weights and differ in this.
    """
    if pooling(folder) == "mean":
        return ""
    digest = hashlib.sha256()
    for kind, path in modules(folder):
        digest.update(f"{kind}\0".encode())
        for file in sorted((folder / path).glob("*") if path else ()):
            if not file.is_file():
                continue
            with file.open("rb") as opened:
                own = hashlib.file_digest(opened, "sha256").digest()
            digest.update(f"{file.name}\0".encode(errors="surrogateescape") + own)
    return digest.hexdigest()


def read(file: Path, otherwise: Any = None) -> Any:
    """A JSON file; ``otherwise`` (an empty object) where there is none.

    Raises:
        ConfigurationError: it is damaged, or holds something of another type.
    """
    if not file.is_file():
        return {} if otherwise is None else otherwise
    found = parsed(file)
    if not isinstance(found, dict if otherwise is None else type(otherwise)):
        raise damaged(file, "it does not say what it should of a model")
    return found


def parsed(file: Path) -> Any:
    """What a JSON file holds, of whatever type.

    Raises:
        ConfigurationError: it is damaged, or too large for a configuration.
    """
    try:
        if file.stat().st_size > LARGEST_JSON:
            raise damaged(file, f"it has more than {LARGEST_JSON:,} bytes")
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(file, f"it is not valid JSON ({error})") from error


def damaged(file: Path, why: str) -> ConfigurationError:
    """The error that a model's file is not what it must be."""
    return ConfigurationError(
        f"{file} cannot be used: {why}. Copy the model anew.",
        code="model_damaged",
        detail={"file": str(file), "reason": why},
    )
