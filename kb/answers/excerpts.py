"""Where in passages that were found the sentence stands that is nearest to the question.

The page shows a passage from there, unless the words decide (web/static/nearest.js).
"""

import asyncio
from collections.abc import Sequence

from kb.answers import quotes, reopening, stretches
from kb.answers.overviews import ENDS
from kb.answers.quotes import UNRELATED, Candidate
from kb.answers.rows import BAR
from kb.answers.stretches import Span
from kb.catalog import chunks
from kb.catalog.database import Catalog, current_seq
from kb.embedding.client import Embeddings
from kb.embedding.questions import QueryVector
from kb.errors import UsageError
from kb.search import sought
from kb.search.limits import check_limit
from kb.search.searching import Search
from kb.types.passages import Passage
from kb.types.people import Principal
from kb.types.points import points_of

MOST_PASSAGES = 10
"""Most passages whose excerpts one call asks for."""
MOST_SENTENCES = 120
"""Sentences that are embedded for a question; a passage that would bring more has no place."""
AT_ONCE = 8
"""Sentences that the embedder has from here at a time: so many at most stand before a question."""


class Excerpts:
    """Passages of a catalog, as a list of hits shows them."""

    def __init__(self, catalog: Catalog, search: Search, embeddings: Embeddings) -> None:
        self._catalog = catalog
        self._search = search
        self._embeddings = embeddings
        self._turn = asyncio.Lock()

    async def places(
        self, question: str, principal: Principal, passage_ids: Sequence[str]
    ) -> list[Span | None]:
        """Of each passage the sentence or row nearest to a question, in characters of its text.

        None: none of its sentences is nearer than an unrelated one; or it is not there for the
        asker, or was never there.

        Raises:
            UsageError: the question, a filter in it or the number of passages cannot be used.
            RetryableError: the embedder does not answer.
        """
        check_limit(len(passage_ids), MOST_PASSAGES)
        words = sought.in_a_search(question).words
        passages = await self._catalog.read(self._passages, principal, passage_ids)
        compared = sentences(passages)
        if not words or not compared:
            return [None] * len(passages)
        model, by = await self._search.reading(words)
        vectors = await self._vectors([quotes.with_place(c) for c in compared], model)
        found = nearest(words, by, compared, vectors)
        return [found.get(rank) for rank in range(len(passages))]

    def _passages(self, principal: Principal, passage_ids: Sequence[str]) -> list[Passage | None]:
        """The passages of some ids; None: it is not there for the principal."""
        each = [_points(one) for one in passage_ids]
        wanted = sorted({point for points in each for point in points})
        with self._catalog.reading() as connection:
            stored = chunks.hydrate(connection, principal, wanted, current_seq(connection))
        return [
            reopening.passage_at(points, stored) if points and set(points) <= set(stored) else None
            for points in each
        ]

    async def _vectors(self, texts: Sequence[str], model: str) -> list[bytes]:
        """A few at a time, by turns with whoever else waits for theirs.

        The embedder takes them up as it does questions, in the order in which they come: were all
        of them there at once, the next question would wait for all.
        """
        vectors: list[bytes] = []
        for start in range(0, len(texts), AT_ONCE):
            async with self._turn:
                part = list(texts[start : start + AT_ONCE])
                vectors += await self._embeddings.texts(part, model)
        return vectors


def sentences(passages: Sequence[Passage | None]) -> list[Candidate]:
    """What is compared: the sentences of the first passages first, those of a passage together."""
    found: list[Candidate] = []
    for rank, passage in enumerate(passages):
        told = [] if passage is None else quotes.sentences_of(passage, rank)
        more = [c for c in told if not _stands_over(c)]
        found += more if len(found) + len(more) <= MOST_SENTENCES else []
    return found


def _stands_over(candidate: Candidate) -> bool:
    """Whether it is a heading, however long: of its section, or a passage's first line.

    A first line is none where it has an end, or cells.
    """
    text = " ".join(candidate.text.split())
    if text in (candidate.passage.chunk.section or "").split(" › "):
        return True
    return candidate.start == 0 and BAR not in text and not ENDS.search(text)


def nearest(
    words: str, by: QueryVector, compared: Sequence[Candidate], vectors: Sequence[bytes]
) -> dict[int, Span]:
    """Where in each passage, by its rank, the sentence stands that is nearest to a question."""
    scores = quotes.likeness(words, by, compared, vectors)
    best: dict[int, tuple[float, Candidate]] = {}
    for score, candidate in zip(scores, compared, strict=True):
        if score > best.get(candidate.rank, (UNRELATED, None))[0]:
            best[candidate.rank] = score, candidate
    return {rank: _whole(candidate) for rank, (_, candidate) in best.items()}


def _whole(candidate: Candidate) -> Span:
    """The sentence or row; a candidate begins behind the question that stands in it."""
    spans = stretches.spans(candidate.passage.text)
    return next((s, e) for s, e in spans if s <= candidate.start < e)


def _points(passage_id: str) -> list[int]:
    """A passage's points; none where that is not the id of a passage."""
    try:
        return points_of(passage_id)
    except UsageError:
        return []
