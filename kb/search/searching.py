"""The door to passages: what people search for is read, found, counted and noted."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from kb.audit.log import Audit
from kb.catalog import answers, filtering, ledger
from kb.catalog.database import Catalog
from kb.catalog.filtering import Facets
from kb.embedding.questions import QueryVector
from kb.search import sought
from kb.search.limits import check_limit
from kb.search.retrieval import Found, Retriever
from kb.text.queries import EVERYTHING, Wanted
from kb.types.library import LedgerFilter
from kb.types.people import Principal
from kb.types.searches import Suggestions

if TYPE_CHECKING:
    from kb.metrics import Metrics

SUGGESTED, REMEMBERED = 5, 40
"""Suggestions of a kind, and earlier questions that are looked through for them."""


class Search:
    """Searches in a knowledge base."""

    def __init__(
        self,
        catalog: Catalog,
        retriever: Retriever,
        audit: Audit,
        metrics: Callable[[], "Metrics"],
    ) -> None:
        self._catalog = catalog
        self._retriever = retriever
        self._audit = audit
        self._metrics = metrics

    async def passages(
        self,
        question: str,
        principal: Principal,
        limit: int = 10,
        wanted: Wanted = EVERYTHING,
        *,
        syntax: bool = True,
        noted: bool = True,
    ) -> Found:
        """Passages for a question, with what people write beside words (``kb.text.queries``).

        Without ``syntax`` every word is searched for, however it is written; unless ``noted`` it
        stays out of the audit log.

        Raises:
            UsageError: the question, a filter in it or the limit cannot be used.
            EngineError: an engine does not answer; never an empty result instead.
        """
        begun = time.monotonic()
        metrics = self._metrics()
        with metrics.failing(), metrics.search_seconds.time():
            check_limit(limit)
            read = sought.in_a_search if syntax else sought.in_words_alone
            found = await self._retriever.retrieve(read(question, wanted), principal, limit)
        if noted:
            seconds = time.monotonic() - begun
            await asyncio.to_thread(
                self._audit.asked, principal, "search", question, found.passages, seconds
            )
        return found

    async def reading(self, words: str) -> tuple[str, QueryVector]:
        """See :meth:`kb.search.retrieval.Retriever.reading`."""
        return await self._retriever.reading(words)

    async def get_ready(self) -> None:
        """See :meth:`kb.search.retrieval.Retriever.get_ready`."""
        await self._retriever.get_ready()

    def facets(self, principal: Principal, question: str, wanted: Wanted) -> Facets:
        """How many documents of theirs have each value, under the filters chosen and written.

        Raises:
            UsageError: a filter in the question cannot be.
        """
        every = sought.filters(question, wanted)
        with self._catalog.reading() as connection:
            return filtering.facets(connection, principal, every)

    def may_read(self, principal: Principal, found: set[int]) -> bool:
        """Whether every document that something was found in, by id, is still theirs to read."""
        with self._catalog.reading() as connection:
            return ledger.all_readable(connection, principal, found)

    def documents(self, principal: Principal, wanted: Wanted = EVERYTHING) -> int:
        """How many of the documents wanted the principal may search."""
        with self._catalog.reading() as connection:
            return filtering.count(connection, principal, wanted)

    def suggestions(self, principal: Principal, text: str) -> Suggestions:
        """A principal's earlier questions that have a text, and titles of documents with it."""
        with self._catalog.reading() as connection:
            asked = answers.recent_questions(connection, principal, REMEMBERED)
            rows = ledger.rows(connection, principal, LedgerFilter(text=text), limit=SUGGESTED)
        earlier = [question for question in asked if text.casefold() in question.casefold()]
        return Suggestions(tuple(earlier[:SUGGESTED]), tuple(r.title or r.path for r in rows))
