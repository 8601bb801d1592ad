"""A question to passages that the asker may read.

embed, search every list in one batch, fuse, hydrate from the catalog (which checks the rights of
this moment), fold copies, join neighbours.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import msgspec

from kb.catalog import alarms, chunks, filtering, generations, names
from kb.catalog.database import Catalog, Connection, current_seq
from kb.embedding.adapting import Tuning
from kb.embedding.client import Embeddings
from kb.embedding.questions import QueryVector, QuestionVectors
from kb.embedding.scale import AS_IT_IS, Scale
from kb.errors import RetryableError
from kb.index.base import GRAMS, WORDS, AskedBy, Hits, IndexQuery
from kb.index.generation import (
    asked_by,
    check_generation,
    follow,
    name_of,
    vector_names,
)
from kb.index.remote import RemoteIndex
from kb.rights import access
from kb.search import folding, judging, narrowing, pointing, ranking
from kb.search.glossary import Glossary
from kb.search.judging import JudgedHits, Moment, Scope
from kb.search.sought import Sought
from kb.settings import Retrieval
from kb.text import comparing
from kb.text.exact import Exact
from kb.text.queries import EVERYTHING, Wanted
from kb.types.index import Generation
from kb.types.passages import Passage
from kb.types.people import Principal

ROUNDS = 4
"""How often hits are fetched, more each time, while too few survive."""
Tuned = Callable[[Connection], Tuning | None]
"""Gives what was learned of the organisation's questions and is in use; None: nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """Passages, best first, and whether a model knows the question's language.

    ``scale`` is by which the passages' similarities are read, ``model`` the fingerprint of the
    model whose it is. ``computed_by`` names the embedding models that were asked, each with its
    runtime and number format; empty where nothing was embedded. ``exact`` are things of the
    question that stand in these passages and in hardly any other.
    ``asked`` is the question, with what the house's abbreviations stand for in their place, and
    ``language`` its language as it was detected (ISO 639-1; empty: it is unknown).
    """

    passages: tuple[Passage, ...]
    understood: bool = True
    scale: Scale = AS_IT_IS
    model: str = ""
    computed_by: str = ""
    asked: str = ""
    language: str = ""
    exact: tuple[Exact, ...] = ()


@dataclass(frozen=True, slots=True)
class BegunSearch:
    """A search whose question is still being embedded: its lists of words are there already."""

    scope: Scope
    lexical: IndexQuery
    early: Hits


class Retriever:
    """Holds what searching needs; keeps nothing of anybody's question.

    ``searched`` is the generation that is searched; None: whichever is live.
    """

    def __init__(
        self,
        catalog: Catalog,
        index: RemoteIndex,
        embeddings: Embeddings,
        settings: Retrieval,
        glossary: Glossary,
        tuned: Tuned,
        searched: Generation | None = None,
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._embeddings = embeddings
        self._settings = settings
        self._glossary = glossary
        self._tuned = tuned
        self._searched = searched

    async def retrieve(self, sought: Sought, principal: Principal, limit: int) -> Found:
        """The best passages for what is sought; without words the last changed of those wanted.

        Of a question that compares two things, the best passages for each are among them.

        Raises:
            EngineError: an engine does not answer; never an empty result instead.
        """
        if not sought.words:
            return await self._catalog.read(self._latest, sought.wanted, principal, limit)
        each = [replace(sought, words=words) for words in comparing.of_each(sought.words)]
        found, *others = await asyncio.gather(
            *(self._retrieved(one, principal, limit) for one in (sought, *each))
        )
        if not others:
            return found
        passages = folding.with_each(found.passages, [one.passages for one in others], limit)
        return replace(found, passages=passages)

    async def _retrieved(self, sought: Sought, principal: Principal, limit: int) -> Found:
        """The best passages for some words."""
        words, asked_for = await self._glossary.widen(sought.words)
        fetch = max(self._settings.candidates, limit * 3)
        lexical = IndexQuery({}, words, access.tokens_or_raise(principal), fetch)
        embedded, begun = await asyncio.gather(
            self._embeddings.query(words), self._begin(lexical, sought.wanted, principal, limit)
        )
        if begun is None:
            return Found((), scale=embedded.reading("")[1].scale)
        if embedded.by.keys() != begun.scope.moment.vectors.keys():
            embedded = await self._embedded_anew(words, begun.scope.moment)
        language = begun.early.language
        asked = ranking.asked(embedded, begun.scope.moment.tuning).knowing(language)
        model, by = embedded.reading(language)
        own = asked_by(embedded.knowing(language), begun.scope.moment.vectors, language)
        judged = await self._judged(_query(begun, asked), own, begun.scope)
        if alarming := judged.alarming - begun.scope.moment.late:
            await self._catalog.write(alarms.sound, self._catalog, alarming)
        return Found(
            judged.passages,
            embedded.understood(language),
            by.scale,
            model,
            QuestionVectors(asked).computed_by,
            asked_for,
            language,
            judged.exact,
        )

    async def reading(self, words: str) -> tuple[str, QueryVector]:
        """The model by which similarities to some words are read, and their vector in it.

        As in a search for them; the embedder remembers the vectors of the last ones.
        """
        widened, _ = await self._glossary.widen(words)
        embedded, [language] = await asyncio.gather(
            self._embeddings.query(widened), self._index.languages([widened])
        )
        return embedded.reading(language)

    async def get_ready(self) -> None:
        """Start the index process, and have it hold what it needs for a question.

        Raises:
            EngineError: it does not start.
        """
        await self._index.languages(["ready"])
        live = await self._catalog.read(self._live)
        if live is not None:
            await self._index.get_ready(name_of(live.id))

    async def _embedded_anew(self, words: str, moment: Moment) -> QuestionVectors:
        """By the models of the generation that has just been switched to.

        Raises:
            RetryableError: another one has been, meanwhile.
        """
        embedded = await self._embeddings.query(words)
        if embedded.by.keys() != moment.vectors.keys():
            raise RetryableError("The index has just been switched. Try again.", code="index_busy")
        return embedded

    async def _begin(
        self, lexical: IndexQuery, wanted: Wanted, principal: Principal, limit: int
    ) -> BegunSearch | None:
        """What is had while the question is embedded; None where nothing can be found."""
        scope = await self._catalog.read(self._scope, lexical.text, principal, limit)
        if scope is None:
            return None
        if wanted != EVERYTHING:
            narrow = await self._catalog.read(self._narrow, principal, wanted)
            if narrow.points == frozenset():
                return None
            scope = replace(scope, narrow=narrow)
            lexical = msgspec.structs.replace(lexical, only=narrow.asked_of())
        early = await self._index.query(scope.moment.generation, lexical)
        return BegunSearch(scope, lexical, early)

    def _live(self) -> Generation | None:
        with self._catalog.reading() as connection:
            return generations.live(connection)

    def _scope(self, words: str, principal: Principal, limit: int) -> Scope | None:
        """Now; None while there is nothing to search."""
        with self._catalog.reading() as connection:
            live = self._searched or generations.live(connection)
            late = alarms.on_their_way(connection)
            seq = current_seq(connection)
            named = names.named(connection, principal, words)
            called = names.called(connection, principal, words)
            things = pointing.pointed(connection, principal, words)
            tuning = self._tuned(connection)
        if live is None:
            return None
        follow(live, self._embeddings)
        used = self._embeddings.models
        check_generation(live.fingerprint, used)
        moment = Moment(name_of(live.id), seq, late, vector_names(used), tuning)
        return Scope(
            words, principal, limit, moment, named, None, called, things,
            self._settings.newest_first,
        )  # fmt: skip

    def _narrow(self, principal: Principal, wanted: Wanted) -> narrowing.Narrow:
        with self._catalog.reading() as connection:
            return narrowing.narrow(connection, principal, wanted)

    async def _judged(
        self, query: IndexQuery, own: Mapping[str, AskedBy], scope: Scope
    ) -> JudgedHits:
        """What the catalog leaves of the hits: more are fetched until enough survive.

        ``own`` is the question as it is, by which similarities are told.
        """
        floor = next(iter(own.values())).unrelated
        judged = JudgedHits((), frozenset())
        for _ in range(ROUNDS):
            hits = await ranking.ranked(self._index, scope.moment.generation, query, own)
            last = await self._catalog.read(self._judge, hits, scope, floor)
            judged = replace(last, alarming=judged.alarming | last.alarming)
            if len(judged.passages) >= scope.limit or hits.exhausted:
                break
            fetch = narrowing.more(query.limit, scope.narrow)
            query = msgspec.structs.replace(query, limit=fetch, lists={})
        return judged

    def _judge(self, hits: Hits, scope: Scope, floor: float) -> JudgedHits:
        with self._catalog.reading() as connection:
            return judging.judge(connection, hits, scope, floor)

    def _latest(self, wanted: Wanted, principal: Principal, limit: int) -> Found:
        with self._catalog.reading() as connection:
            seq = current_seq(connection)
            ids = filtering.latest(connection, principal, wanted, limit)
            first = chunks.first_points(connection, ids)
            stored = chunks.hydrate(connection, principal, list(first.values()), seq)
        there = [stored[first[d]] for d in ids if first.get(d) in stored]
        return Found(tuple(judging.passage(chunk) for chunk in there))


def _query(begun: BegunSearch, asked: Mapping[str, QueryVector]) -> IndexQuery:
    """The whole question for the models to be ``asked``, with the lists that needed none."""
    return msgspec.structs.replace(
        begun.lexical,
        vectors=asked_by(asked, begun.scope.moment.vectors, begun.early.language),
        fused=True,
        lists={name: begun.early.lists[name] for name in (WORDS, GRAMS)},
    )
