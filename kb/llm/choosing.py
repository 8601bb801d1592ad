"""Which of a server's models is taken where the configuration names none. Pure."""

import re

CLOUD = re.compile(r"(?:[-:]cloud)$", re.IGNORECASE)
"""Ollama's names of models that run on somebody else's machines end so."""
EMBEDS = re.compile(r"embed|(?:^|[/:_-])(?:bge|gte|e5|minilm|rerank)", re.IGNORECASE)
EMBEDDING_FAMILIES = {"bert", "nomic-bert", "xlm-roberta", "gemma-embedding"}


def is_elsewhere(name: str, remote: str | None = None) -> bool:
    """Whether a model runs on other machines than the server's. ``remote``: what Ollama says."""
    return bool(remote) or bool(CLOUD.search(name))


def only_embeds(name: str, families: list[str] | None = None) -> bool:
    """Whether a model makes vectors and no sentences, as far as name and families tell."""
    known = set(families or [])
    return bool(EMBEDS.search(name)) or (bool(known) and known <= EMBEDDING_FAMILIES)
