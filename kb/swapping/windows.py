"""Passages that are longer than the models read: passages keep the cut that they were made with."""

from collections.abc import Iterator

from kb.catalog import chunks
from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.embedding.models import TokenCounter, counter_of
from kb.embedding.used import Used

AT_ONCE = 200
"""Versions that are looked at together."""


def too_long(catalog: Catalog, embeddings: Embeddings) -> int:
    """How many current passages no model reads to their end: the rest of each is left to words."""
    readers = [(counter_of(model.files), _window(model)) for model in embeddings.models]
    return sum(_longer(texts, readers) for texts in _texts(catalog))


def _window(model: Used) -> int:
    """Tokens of a passage that a model reads, its prompt and its own marks set aside."""
    counter = counter_of(model.files)
    return counter.limit - counter.extra - counter.count(model.files.passage_prompt.strip())


def _longer(texts: list[str], readers: list[tuple[TokenCounter, int]]) -> int:
    """A token has a byte at least, so short texts need no counting."""
    for counter, window in readers:
        texts = [t for t in texts if len(t.encode("utf-8", "surrogatepass")) > window]
        counted = counter.count_all(texts) if texts else []
        texts = [t for t, tokens in zip(texts, counted, strict=True) if tokens > window]
    return len(texts)


def _texts(catalog: Catalog) -> Iterator[list[str]]:
    with catalog.reading() as connection:
        numbers = chunks.current_versions(connection)
        for start in range(0, len(numbers), AT_ONCE):
            found = chunks.of_versions(connection, numbers[start : start + AT_ONCE])
            yield [passage.embedded_text for passage in found]
