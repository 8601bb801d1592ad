"""The numbers of an answer: one for each source, which is a document and page. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from kb.types.answers import Citation, Sentence


def numbered(
    sentences: Sequence[Sentence], citations: Sequence[Citation]
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """Sentences and citations, each citation with a number of its own, by source.

    Sources are numbered as they first appear; a sentence keeps the places of its citations.
    """
    order: dict[tuple[int, int | None], int] = {}
    cited = [replace(c, n=order.setdefault(_source(c), len(order) + 1)) for c in citations]
    place = {citation.n: at for at, citation in enumerate(citations)}
    said = [_cited(s, tuple(place[n] for n in s.citations), cited) for s in sentences]
    return tuple(said), tuple(cited)


def _cited(sentence: Sentence, places: tuple[int, ...], cited: Sequence[Citation]) -> Sentence:
    numbers = tuple(dict.fromkeys(cited[at].n for at in places))
    return replace(sentence, citations=numbers, places=places)


def _source(citation: Citation) -> tuple[int, int | None]:
    return citation.passage.chunk.document_id, citation.passage.chunk.page
