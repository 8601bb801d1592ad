"""A question to passages that the asker may read.

embed, search every list in one batch, fuse, hydrate from the catalog (which checks the rights of
this moment), fold copies, join neighbours.
"""

import asyncio
import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import msgspec

from kb.catalog import alarms, chunks, filtering, generations, ledger, names
from kb.catalog.database import Catalog, Connection, current_seq
from kb.embedding.client import Embeddings, QueryVector
from kb.index import fusion
from kb.index.base import GRAMS, WORDS, Hits, IndexQuery
from kb.index.generation import check_generation, name_of
from kb.index.remote import RemoteIndex
from kb.rights import access
from kb.search.folding import fold, join_neighbours, without_near_copies
from kb.search.glossary import Glossary
from kb.search.limits import check_limit, check_question
from kb.settings import Retrieval
from kb.text.queries import EVERYTHING, Wanted, has_words
from kb.types.passages import Passage, StoredChunk
from kb.types.people import Principal
from kb.types.points import version_of

ROUNDS = 4
"""How often hits are fetched, more each time, while too few survive."""
NAME_WEIGHT, LEAST_NAME_WEIGHT, TELLING = 0.35, 0.1, 3.0
"""A file name that has all of the question's words adds the first to its passages' scores; the best
match of a long question at least the second, unless its words are in (this) many other names."""
LANGUAGES_SECONDS = 30.0
MOST_POINTS = 20_000
"""Up to so many points the index is told which ones are wanted. Of more, hits are looked through:
up to about so many, so that a filter that few of them pass may miss some."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a reader sees for the length of a question: taken before the index is asked.

    A version that is published between the index's answer and its reading is not among the hits:
    whoever took the tick only then would miss the old one and the new one alike. ``late`` are
    documents whose rights the index may not know yet.
    """

    generation: str
    seq: int
    late: frozenset[int]


@dataclass(frozen=True, slots=True)
class Found:
    """Passages, best first, and whether the model knows the question's language."""

    passages: tuple[Passage, ...]
    understood: bool = True


@dataclass(frozen=True, slots=True)
class Narrow:
    """What filters leave. ``points``: the passages wanted; None: more than the index is told of."""

    wanted: Wanted
    points: frozenset[int] | None

    def asked_of(self) -> list[int]:
        """The points that the index is asked for, where they are few enough to be named."""
        return sorted(self.points or ())

    def taken(
        self, connection: Connection, principal: Principal, stored: dict[int, StoredChunk]
    ) -> dict[int, StoredChunk]:
        """The passages that are wanted, of some."""
        every = stored.values()
        there: AbstractSet[int] = (
            filtering.those_of(connection, principal, self.wanted, every)
            if self.points is None
            else self.points
        )
        return {
            point: chunk
            for point, chunk in stored.items()
            if point in there and not has_words(chunk.text, self.wanted.without)
        }


@dataclass(frozen=True, slots=True)
class Begun:
    """A search whose question is still being embedded: its lists of words are there already."""

    moment: Moment
    narrow: Narrow | None
    lexical: IndexQuery
    early: Hits


class Retriever:
    """Holds what searching needs; keeps nothing of anybody's question."""

    def __init__(
        self, catalog: Catalog, index: RemoteIndex, embeddings: Embeddings, settings: Retrieval
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._embeddings = embeddings
        self._settings = settings
        self._languages: list[str] = []
        self._languages_until = 0.0
        self.glossary = Glossary(catalog)

    async def retrieve(
        self, question: str, principal: Principal, limit: int, wanted: Wanted = EVERYTHING
    ) -> Found:
        """The best passages for a question, of those wanted.

        Raises:
            UsageError: the question or the limit cannot be used.
            EngineError: an engine does not answer; never an empty result instead.
        """
        limit, question = check_limit(limit), check_question(question)
        question = await self._catalog.read(self.glossary.widen, question)
        fetch = max(self._settings.candidates, limit * 3)
        lexical = IndexQuery(b"", question, access.tokens_or_raise(principal), fetch)
        embedded, begun = await asyncio.gather(
            self._embeddings.query(question), self._begin(lexical, principal, wanted)
        )
        if begun is None:
            return Found(())
        moment, query = begun.moment, self._query(begun, embedded)
        alarming: set[int] = set()
        for _ in range(ROUNDS):
            hits = await self._index.query(moment.generation, query)
            passages = await self._catalog.read(
                self._judge, hits, question, principal, limit, moment.seq, alarming, begun.narrow
            )
            if len(passages) >= limit or hits.exhausted:
                break
            query = msgspec.structs.replace(query, limit=_more(query.limit, begun.narrow), lists={})
        if alarming - moment.late:
            await self._catalog.write(alarms.sound, self._catalog, alarming - moment.late)
        return Found(tuple(passages), embedded.understood(begun.early.language))

    async def _begin(
        self, lexical: IndexQuery, principal: Principal, wanted: Wanted
    ) -> Begun | None:
        """What is had while the question is embedded; None where nothing can be found."""
        moment = await self._catalog.read(self._moment)
        narrow = None
        if moment is not None and wanted != EVERYTHING:
            narrow = await self._catalog.read(self._narrow, principal, wanted)
            lexical = msgspec.structs.replace(lexical, only=narrow.asked_of())
        if moment is None or (narrow is not None and narrow.points == frozenset()):
            return None
        early = await self._index.query(moment.generation, lexical)
        return Begun(moment, narrow, lexical, early)

    def _moment(self) -> Moment | None:
        """Now; None while there is nothing to search. Languages are looked up here, in a thread."""
        self._common_languages()
        with self._catalog.reading() as connection:
            live = generations.live(connection)
            late = alarms.on_their_way(connection)
            seq = current_seq(connection)
        if live is None:
            return None
        check_generation(live.fingerprint, self._embeddings)
        return Moment(name_of(live.id), seq, late)

    def _query(self, begun: Begun, embedded: QueryVector) -> IndexQuery:
        """The whole question, with the lists that needed no embedding."""
        s = self._settings
        dense = s.dense_weight if embedded.familiar else s.dense_weight_foreign
        return msgspec.structs.replace(
            begun.lexical,
            vector=embedded.vector,
            worth=fusion.weights(dense),
            worth_foreign=fusion.weights_foreign(dense),
            languages=self._languages,
            lists={name: begun.early.lists[name] for name in (WORDS, GRAMS)},
        )

    def _judge(
        self,
        hits: Hits,
        question: str,
        principal: Principal,
        limit: int,
        seq: int,
        alarming: set[int],
        narrow: Narrow | None,
    ) -> list[Passage]:
        """Hydrate as far as needed, fold, join. Adds to the documents that alarm."""
        with self._catalog.reading() as connection:
            named = names.named(connection, principal, question)
            first = chunks.first_points(connection, list(named))
            ranked = _with_names(hits.fused, named, first, question)
            similarity = hits.similarity
            folded: dict[str, Passage] = {}
            for start in range(0, len(ranked), 3 * limit):
                part = ranked[start : start + 3 * limit]
                stored = chunks.hydrate(connection, principal, [p for p, _ in part], seq)
                stopped = [p for p, _ in part if p not in stored]
                if stopped:
                    refused = chunks.withheld(connection, principal, stopped, seq)
                    alarming |= refused - alarms.on_their_way(connection)
                if narrow is not None:
                    stored = narrow.taken(connection, principal, stored)
                found = [
                    _passage(stored[p], score, similarity.get(p, 0.0))
                    for p, score in part
                    if p in stored
                ]
                fold(folded, found)
                if len(folded) >= 2 * limit:
                    break
        return join_neighbours(without_near_copies(folded.values(), 2 * limit))[:limit]

    def _narrow(self, principal: Principal, wanted: Wanted) -> Narrow:
        """The points that filters leave, where the index can be told them."""
        if not wanted.limits_documents and not wanted.phrases:
            return Narrow(wanted, None)
        with self._catalog.reading() as connection:
            found = filtering.points(connection, principal, wanted, MOST_POINTS)
        return Narrow(wanted, None if found is None else frozenset(found))

    def latest(self, principal: Principal, limit: int, wanted: Wanted) -> Found:
        """Without words to search for: the documents wanted, the last changed first."""
        with self._catalog.reading() as connection:
            seq = current_seq(connection)
            ids = filtering.latest(connection, principal, wanted, check_limit(limit))
            first = chunks.first_points(connection, ids)
            stored = chunks.hydrate(connection, principal, list(first.values()), seq)
        there = [stored[first[d]] for d in ids if first.get(d) in stored]
        return Found(tuple(_passage(chunk, 0.0, 0.0) for chunk in there))

    def _common_languages(self) -> None:
        """Languages of more than a trace of the corpus; re-read every half minute."""
        if time.monotonic() > self._languages_until:
            with self._catalog.reading() as connection:
                counted = ledger.languages(connection)
            least = fusion.FOREIGN_SHARE * sum(counted.values())
            self._languages = [lang for lang, n in counted.items() if lang and n >= least]
            self._languages_until = time.monotonic() + LANGUAGES_SECONDS


def _more(limit: int, narrow: Narrow | None) -> int:
    """How many hits to fetch next, where too few of so many survived.

    Behind a filter that the index was not told of few may be wanted: steps are longer there.
    """
    if narrow is None or narrow.points is not None:
        return limit * 3
    return max(limit, min(limit * 10, MOST_POINTS))


def _with_names(
    ranked: list[tuple[int, float]],
    named: dict[int, float],
    first: dict[int, int],
    question: str,
) -> list[tuple[int, float]]:
    """Raise the passages of documents whose file name was asked for; their first one joins in."""
    if not named:
        return ranked
    asked = {w for w in names.words_of(question) if len(w) > 1}
    best = max(named.values())
    worth = max(NAME_WEIGHT / len(asked) ** 0.5, LEAST_NAME_WEIGHT * min(1.0, TELLING * best))
    bonus = {first[d]: worth * weight / best for d, weight in named.items() if d in first}
    by_version = {version_of(point): extra for point, extra in bonus.items()}
    raised = {p: score + by_version.get(version_of(p), 0.0) for p, score in ranked}
    present = {version_of(p) for p in raised}
    raised |= {point: extra for point, extra in bonus.items() if version_of(point) not in present}
    return sorted(raised.items(), key=lambda item: (-item[1], item[0]))


def _passage(stored: StoredChunk, score: float, similarity: float) -> Passage:
    return Passage(stored, stored.text, (stored.point,), score, similarity)
