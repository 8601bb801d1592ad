"""A generation of the index: what it is called, and what every point of it depends on."""

from kb.catalog.chunks import short_hash
from kb.embedding.client import Embeddings
from kb.errors import ConfigurationError
from kb.index.base import LEXICAL_VERSION


def generation_fingerprint(embeddings: Embeddings) -> str:
    """Names what every point of a generation depends on: the model and the sparse lists."""
    return _of_model(embeddings.fingerprint)


def earlier_generations(embeddings: Embeddings) -> tuple[str, ...]:
    """What a generation of this model was called when its number format was part of its name."""
    return tuple(_of_model(model) for model in embeddings.earlier)


def check_generation(built_with: str, embeddings: Embeddings) -> None:
    """A generation can only be used with the settings it was built with.

    Raises:
        ConfigurationError: it was built with others.
    """
    if built_with not in {generation_fingerprint(embeddings), *earlier_generations(embeddings)}:
        raise ConfigurationError(
            "The index was built with another embedding model or other embedding settings. "
            "Run kb reindex to build one with these.",
            code="index_mismatch",
        )


def name_of(generation_id: int) -> str:
    """How a generation is called in the index."""
    return f"g{generation_id}"


def _of_model(model: str) -> str:
    return short_hash(f"{model}:{LEXICAL_VERSION}")
