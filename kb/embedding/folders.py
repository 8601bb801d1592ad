"""What a model's folder says of the model: its prompts, how long a text it reads, its licence.

A folder is sentence-transformers': ``modules.json`` names the parts, of which the first is the
encoder and the second pools its word pieces.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.errors import ConfigurationError

USUAL = ("Transformer", "Pooling", "Normalize")
NO_LIMIT = 100_000
"""From so many tokens on what a tokenizer says of the longest text is no limit of a model."""
SHORTEST_WINDOW = 256
"""What a model reads where its folder says nothing."""
QUERY_NAMES, PASSAGE_NAMES = ("query",), ("document", "passage", "corpus")
"""By which sentence-transformers looks for the prompts, in this order."""
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
    said = read(folder / "config_sentence_transformers.json")
    named = said.get("prompts") or {}
    usual = named.get(said.get("default_prompt_name"))

    def first(names: tuple[str, ...]) -> str | None:
        return next((named[name] for name in names if name in named), usual)

    return Prompts(first(QUERY_NAMES), first(PASSAGE_NAMES))


def missing_prompts(folder: Path, query: str, passage: str) -> str:
    """Why the prompts are not what the model's family was trained with; empty: nothing is wrong."""
    given = {"query": query, "passage": passage}
    wanted = next((w for words, w in FAMILIES if words <= _words(folder)), ())
    lacking = [name for name in wanted if not given[name]]
    if not lacking or WITHOUT & _words(folder):
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
    return next((int(n) for n in told if n and n < NO_LIMIT), SHORTEST_WINDOW)


def padding(folder: Path) -> int:
    """The number of the token that fills up a batch."""
    return int(read(folder / "config.json").get("pad_token_id") or 0)


def licence(folder: Path) -> str | None:
    """What the head of the model's card says (as model hubs have it); else its licence's title."""
    found = re.search(r"^licen[cs]e:\s*(\S+)\s*$", _head(folder), re.MULTILINE)
    if found:
        return found[1]
    for file in sorted(folder.glob("LICEN[CS]E*")):
        lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
        title = next((line.strip() for line in lines if line.strip()), "")
        if title:
            return title[:80]
    return None


def _head(folder: Path) -> str:
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    return text.split("\n---", 1)[0] if text.startswith("---") else ""


def pooling(folder: Path) -> str | None:
    """How word pieces become one vector: ``mean``, ``cls`` (the first); None: in another way."""
    kinds = [kind for kind, _ in modules(folder)]
    if kinds not in (list(USUAL[:2]), list(USUAL)):
        return None
    said = read(folder / modules(folder)[1][1] / "config.json")
    if said.get("pooling_mode") in {"mean", "cls"}:
        return str(said["pooling_mode"])
    chosen = [name for name, value in said.items() if name.startswith("pooling_mode_") and value]
    names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    return names.get(chosen[0]) if len(chosen) == 1 else None


def modules(folder: Path) -> list[tuple[str, str]]:
    """The parts of a model: kind, and subfolder.

    Raises:
        ConfigurationError: the file is damaged.
    """
    found = read(folder / "modules.json", [])
    return [(str(one["type"]).rpartition(".")[2], str(one["path"])) for one in found]


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
            digest.update(f"{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def read(file: Path, otherwise: Any = None) -> Any:
    """A JSON file; ``otherwise`` (an empty object) where there is none.

    Raises:
        ConfigurationError: it is damaged.
    """
    if not file.is_file():
        return {} if otherwise is None else otherwise
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigurationError(
            f"{file} is not valid JSON ({error}). Copy the model anew.",
            code="model_damaged",
            detail={"file": str(file)},
        ) from error
    if not isinstance(found, dict if otherwise is None else type(otherwise)):
        raise ConfigurationError(
            f"{file} does not say what it should of a model. Copy the model anew.",
            code="model_damaged",
            detail={"file": str(file)},
        )
    return found
