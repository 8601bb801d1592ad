"""What is in a document: its key sentences, and the passages that a summary is made from."""

import math
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from kb.answers import stretches
from kb.catalog import chunks, ledger
from kb.catalog.database import Catalog, current_seq
from kb.embedding.client import Embeddings
from kb.errors import NotFoundError
from kb.types.parsed import COMMENT, HIDDEN
from kb.types.passages import Passage, StoredChunk
from kb.types.people import Principal

T = TypeVar("T")
MOST_SENTENCES = 5
"""Sentences of a document that are shown as its key ones, at most."""
MOST_COMPARED = 96
"""Sentences of a document that are compared; of a longer one as many, spread over all of it."""
WORDS = range(6, 61)
"""Of a sentence that says something by itself."""
CHARACTERS_A_TOKEN = 2
"""Of what is summarised: what stands around its passages is to have room beside them."""
ENDS = re.compile(r"[.!。！…][\"'»”’)\]]*$")


@dataclass(frozen=True, slots=True)
class KeySentence:
    """A sentence of a passage, by the characters at which it begins and ends there."""

    passage: Passage
    start: int
    end: int

    @property
    def text(self) -> str:
        """The sentence's words, in one line."""
        return " ".join(self.passage.text[self.start : self.end].split())


class Overviews:
    """The documents of a catalog, as a whole."""

    def __init__(self, catalog: Catalog, embeddings: Embeddings) -> None:
        self._catalog = catalog
        self._embeddings = embeddings

    def passages(self, principal: Principal, document_id: int) -> tuple[Passage, ...]:
        """All that a reader sees of a document, in its order.

        Raises:
            NotFoundError: there is none, for them.
        """
        with self._catalog.reading() as connection:
            if ledger.one(connection, principal, document_id) is None:
                raise NotFoundError("There is no such document.", detail={"document": document_id})
            points = chunks.points_of_documents(connection, [document_id])
            stored = chunks.hydrate(connection, principal, points, current_seq(connection))
        seen = (stored[p] for p in points if p in stored)
        return tuple(_passage(chunk) for chunk in seen if chunk.section not in (HIDDEN, COMMENT))

    async def key_sentences(self, passages: Sequence[Passage]) -> list[KeySentence]:
        """The sentences nearest to what all of a document speaks of, in its order.

        Raises:
            RetryableError: the embedder does not answer.
        """
        found = spread(_sentences(passages), MOST_COMPARED)
        if len(found) <= 1:
            return found
        [model, *_] = await self._embeddings.for_language(passages[0].chunk.language)
        texts = [one.text for one in found]
        vectors = await self._embeddings.texts(texts, model.fingerprint)
        return [found[at] for at in central([array("f", v) for v in vectors], MOST_SENTENCES)]


def summarised(passages: Sequence[Passage], tokens: int) -> tuple[Passage, ...]:
    """As many passages as have room in so many tokens, spread over all of a document."""
    count, characters = len(passages), tokens * CHARACTERS_A_TOKEN
    while count > 1 and sum(len(p.text) for p in spread(passages, count)) > characters:
        count -= max(1, count // 10)
    return tuple(spread(passages, count))


def spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many of them, at equal distances, the first one among them."""
    if len(items) <= most:
        return list(items)
    return [items[at * len(items) // most] for at in range(most)]


def central(vectors: Sequence[Sequence[float]], most: int) -> list[int]:
    """The vectors nearest to the mean of all and unlike one another, by their index, in order.

    One after the other, as in maximal marginal relevance (Carbonell and Goldstein, 1998); here the
    share of a vector that lies along the mean is multiplied with the share that no chosen one has.
    """
    mean = [math.fsum(column) for column in zip(*vectors, strict=True)]
    near = [_cosine(vector, mean) for vector in vectors]
    chosen: list[int] = []
    while len(chosen) < min(most, len(vectors)):
        left = [at for at in range(len(vectors)) if at not in chosen]

        def worth(at: int) -> float:
            alike = max((_cosine(vectors[at], vectors[c]) for c in chosen), default=0.0)
            return max(0.0, near[at]) ** 2 * (1 - alike**2)

        chosen.append(max(left, key=worth))
    return sorted(chosen)


def _cosine(left: Sequence[float], right: Sequence[float]) -> float:
    length = math.hypot(*left) * math.hypot(*right)
    inner = math.fsum(a * b for a, b in zip(left, right, strict=True))
    return inner / length if length else 0.0


def _sentences(passages: Sequence[Passage]) -> list[KeySentence]:
    """What says something by itself; each once."""
    found: dict[str, KeySentence] = {}
    for passage in passages:
        for start, end in stretches.spans(passage.text):
            one = KeySentence(passage, start, end)
            if len(one.text.split()) in WORDS and ENDS.search(one.text) and " | " not in one.text:
                found.setdefault(one.text.casefold(), one)
    return list(found.values())


def _passage(chunk: StoredChunk) -> Passage:
    return Passage(chunk, chunk.text, (chunk.point,), 0.0, 0.0)
