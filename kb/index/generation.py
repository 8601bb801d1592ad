"""A generation of the index: its name, its vectors' names, and what it was built with."""

from collections.abc import Mapping, Sequence
from typing import Any

from kb.catalog.chunks import short_hash
from kb.embedding import models
from kb.embedding.client import Embeddings
from kb.embedding.pinned import ENGLISH
from kb.embedding.questions import QueryVector
from kb.embedding.used import UsedModel
from kb.errors import ConfigurationError
from kb.index.base import DENSE, LEXICAL_VERSION, AskedBy
from kb.settings import Embedding
from kb.types.index import Generation

LANGUAGES = "languages"
"""What the description of a generation calls that its points have their languages."""
TELLING = 12
"""Digits of a model's fingerprint in the name of its vectors."""


def generation_fingerprint(used: Sequence[UsedModel]) -> str:
    """Fingerprint of what every point depends on, the models and the sparse lists: 32 digits."""
    return _of_models([model.fingerprint for model in used])


def earlier_generations(used: Sequence[UsedModel]) -> tuple[str, ...]:
    """Fingerprints of the same generation by earlier releases.

    They had one model alone, and counted its number format.
    """
    if len(used) > 1:
        return ()
    return tuple(_of_models([model]) for model in used[0].earlier)


def vector_names(used: Sequence[UsedModel]) -> dict[str, str]:
    """The name of each model's vectors in the index, by the model's fingerprint."""
    if len(used) == 1:
        return {used[0].fingerprint: DENSE}
    return {one.fingerprint: f"{DENSE}-{one.fingerprint[:TELLING]}" for one in used}


def asked_by(
    asked: Mapping[str, QueryVector], names: Mapping[str, str], language: str
) -> dict[str, AskedBy]:
    """A question in a language as an index with vectors of these ``names`` is asked it.

    ``asked`` and ``names`` are by the models' fingerprints.
    """
    return {names[model]: asked_by_one(by, language) for model, by in asked.items()}


def asked_by_one(by: QueryVector, language: str) -> AskedBy:
    """A question in a language as one model embeds it."""
    scale = by.scale
    return AskedBy(
        by.vector,
        scale.unrelated.cosine,
        scale.related.cosine,
        None if scale.multilingual else list(scale.languages),
        by.understood(language),
        by.as_passage,
    )


def description_of(used: Sequence[UsedModel]) -> dict[str, Any]:
    """What is kept with a generation that these models build."""
    return {"models": [model.name for model in used], LANGUAGES: True}


def knows_languages(description: Mapping[str, Any]) -> bool:
    """Whether every point of a generation has its language, as earlier releases did not write."""
    return bool(description.get(LANGUAGES))


def built_with(description: Mapping[str, Any]) -> tuple[str, ...]:
    """The models that a generation was built with, in order.

    One of an earlier release, which did not name it, was built with the English one, unless the
    settings name another.
    """
    return tuple(description.get("models") or (ENGLISH,))


def was_built_with(live: Generation, settings: Embedding) -> bool:
    """Whether a generation was built with the model that these settings name alone."""
    if live.fingerprint == _of_models([models.fingerprint(settings)]):
        return True
    return settings.model in live.description.get("models", ())


def follow(live: Generation | None, embeddings: Embeddings) -> bool:
    """Use the models of a generation, where the settings leave them open.

    Returns whether others were used until now.
    """
    return live is not None and embeddings.follow(built_with(live.description))


def check_generation(live: str, used: Sequence[UsedModel]) -> None:
    """Check that a generation was built with these models: by others it cannot be searched.

    ``live`` is its fingerprint.

    Raises:
        ConfigurationError: it was built with others.
    """
    if live not in {generation_fingerprint(used), *earlier_generations(used)}:
        raise ConfigurationError(
            "The index was built with another embedding model or other embedding settings. "
            "Run kb reindex to build one with these.",
            code="index_mismatch",
        )


def name_of(generation_id: int) -> str:
    """Name of a generation in the index: its folder, or the end of its collection's name."""
    return f"g{generation_id}"


def _of_models(fingerprints: Sequence[str]) -> str:
    """A hash of models in whatever order; that of one is as it was in releases that had one."""
    return short_hash(f"{'+'.join(sorted(fingerprints))}:{LEXICAL_VERSION}")
