"""A generation of the index: its name, and the fingerprint of what it was built with."""

from kb.catalog.chunks import short_hash
from kb.embedding import models
from kb.embedding.client import Embeddings
from kb.errors import ConfigurationError
from kb.index.base import LEXICAL_VERSION
from kb.settings import Embedding


def generation_fingerprint(embeddings: Embeddings) -> str:
    """Fingerprint of what every point depends on, the model and the sparse lists: 32 digits."""
    return _of_model(embeddings.fingerprint)


def earlier_generations(embeddings: Embeddings) -> tuple[str, ...]:
    """Fingerprints of the same generation by earlier releases, which counted the number format."""
    return tuple(_of_model(model) for model in embeddings.earlier)


def was_built_with(built_with: str, settings: Embedding) -> bool:
    """Whether a generation was built with the model that these settings name."""
    return built_with == _of_model(models.fingerprint(settings))


def check_generation(built_with: str, embeddings: Embeddings) -> None:
    """Check that a generation was built with these settings: with others it cannot be searched.

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
    """Name of a generation in the index: its folder, or the end of its collection's name."""
    return f"g{generation_id}"


def _of_model(model: str) -> str:
    return short_hash(f"{model}:{LEXICAL_VERSION}")
