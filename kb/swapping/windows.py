"""Passages that are longer than the models read: passages keep the cut that they were made with."""

from collections.abc import Iterator

from kb.catalog import chunks
from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.embedding.models import TokenCounter, counter_of

AT_ONCE = 200
"""Versions that are looked at together."""


def too_long(catalog: Catalog, embeddings: Embeddings) -> int:
    """How many current passages no model reads to their end: the rest of each is left to words."""
    counters = [(counter_of(one.files), one.files.passage_prompt) for one in embeddings.models]
    readers = [(counter, counter.room(counter.limit, prompt)) for counter, prompt in counters]
    return sum(_longer(texts, readers) for texts in _texts(catalog))


def _longer(texts: list[str], readers: list[tuple[TokenCounter, int]]) -> int:
    """A token has a byte at least, so short texts need no counting."""
    for counter, window in readers:
        texts = [t for t in texts if len(t.encode("utf-8", "surrogatepass")) > window]
        counted = counter.count_all(texts) if texts else []
        texts = [t for t, tokens in zip(texts, counted, strict=True) if tokens > window]
    return len(texts)


def _texts(catalog: Catalog) -> Iterator[list[str]]:
    """Each part is read by itself: no transaction is open while tokens are counted."""
    with catalog.reading() as connection:
        numbers = chunks.current_versions(connection)
    for start in range(0, len(numbers), AT_ONCE):
        with catalog.reading() as connection:
            found = chunks.of_versions(connection, numbers[start : start + AT_ONCE])
        yield [passage.embedded_text for passage in found]
