"""The facade: one object that the commands and the web hold, put together here and nowhere else."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from sqlalchemy import Row

from kb.accounts.accounts import Accounts
from kb.accounts.groups import Groups
from kb.answers.answering import Answerer
from kb.answers.asking import Answers
from kb.answers.conversations import Conversations
from kb.answers.evaluations import Evaluations
from kb.answers.opinions import Opinions
from kb.answers.receipts import Receipts
from kb.audit.log import Audit
from kb.catalog import chunks, documents, ledger, sources
from kb.catalog.behind import Behind
from kb.catalog.database import Catalog, current_seq, open_catalog
from kb.catalog.ledger import LedgerFilter
from kb.catalog.sources import Source
from kb.duties import Duties
from kb.embedding.client import Embeddings
from kb.errors import NotFoundError
from kb.files import originals, scratch
from kb.files.blobs import Blobs
from kb.files.uploads import Uploads
from kb.index.remote import RemoteIndex
from kb.llm.adapters import adapter
from kb.llm.base import LanguageModel
from kb.rights import access
from kb.search.glossary import Glossary
from kb.search.pins import Pins
from kb.search.retrieval import Retriever
from kb.search.saved import Searches
from kb.search.searching import Search
from kb.settings import Settings
from kb.types.parsed import Parsed
from kb.types.passages import Layout, StoredChunk
from kb.types.people import Principal
from kb.types.points import points_of
from kb.upkeep.publishing import Publisher
from kb.upkeep.verbs import Upkeep

if TYPE_CHECKING:
    from kb.metrics import Metrics

P = ParamSpec("P")
T = TypeVar("T")


class KnowledgeBase:
    """A data directory in use."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.duties = Duties()
        self.catalog: Catalog = open_catalog(settings)
        self.blobs = Blobs(settings.data / "blobs")
        self.scratch = scratch.of(settings.scratch_dir, settings.data)
        self.uploads = Uploads(self.catalog, self.scratch, settings)
        self.audit = Audit(self.catalog, settings.audit, settings.data / "audit")
        self.behind = Behind(self.catalog)
        self.accounts = Accounts(self.catalog, settings.auth, self.behind)
        self.groups = Groups(self.catalog)
        self.conversations = Conversations(self.catalog)
        self.receipts = Receipts(self.catalog)
        self.opinions = Opinions(self.catalog)
        self.embeddings = Embeddings(settings)
        self.index = RemoteIndex(settings)
        self.publisher = Publisher(self.catalog, self.index, self.embeddings)
        self.evaluations = Evaluations(self.catalog)
        self.glossary = Glossary(self.catalog)
        self.pins = Pins(self.catalog)
        self.searches = Searches(self.catalog)
        retriever = Retriever(
            self.catalog, self.index, self.embeddings, settings.retrieval, self.glossary
        )
        self.search = Search(self.catalog, retriever, self.audit, lambda: self.metrics)
        answerer = Answerer(
            retriever, self.embeddings, lambda: self.model, settings.retrieval, settings.llm
        )
        self.answers = Answers(
            self.catalog, answerer, self.receipts, self.audit, lambda: self.metrics
        )
        self.upkeep = Upkeep(
            self.catalog, self.index, self.blobs, self.embeddings, self.publisher,
            settings.retention, self.scratch, settings.data / "evaluation",
        )  # fmt: skip

    @cached_property
    def model(self) -> LanguageModel | None:
        """The language model's adapter."""
        return adapter(self.settings)

    @cached_property
    def metrics(self) -> "Metrics":
        """Counts for monitoring; their library loads at the first question."""
        from kb.metrics import Metrics

        return Metrics()

    async def read(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run a call that reads the catalog, on a thread of the catalog's own.

        Raises:
            RetryableError: the catalog does not answer, or too many wait for it.
        """
        return await self.catalog.read(call, *arguments, **named)

    async def look_up(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run a call that finds out who asks, on threads for that; raises as :meth:`read`."""
        return await self.catalog.look_up(call, *arguments, **named)

    async def write(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run a call that writes the catalog, on a thread; raises as :meth:`read`."""
        return await self.catalog.write(call, *arguments, **named)

    async def close(self) -> None:
        """Close every connection; the engines stay for others, until they are idle."""
        await asyncio.to_thread(self.audit.close)
        await asyncio.to_thread(self.behind.close)
        await self.index.close()
        self.scratch.close()
        await self.embeddings.engine.close()
        opened = self.__dict__.get("model")
        if opened is not None:
            await opened.close()
        self.catalog.close()

    async def stop_engines(self) -> None:
        """Ask the engines to end."""
        await self.embeddings.engine.leave()
        await self.index.engine.leave()

    def principal(self, name: str | None) -> Principal:
        """Who asks on this machine: the owner, or the owner through a person's eyes, by name.

        Raises:
            NotFoundError: there is no such person.
        """
        if name is None:
            return access.owner()
        with self.catalog.reading() as connection:
            person = self.accounts.principal(connection, name)
        return replace(person, viewed_by=access.owner().name)

    def files(self, principal: Principal, wanted: LedgerFilter, **paging: Any) -> list[Row[Any]]:
        """Rows of the ledger that the principal may see."""
        with self.catalog.reading() as connection:
            return ledger.rows(connection, principal, wanted, **paging)

    def sources(self) -> list[Source]:
        """Every source."""
        with self.catalog.reading() as connection:
            return sources.all_of(connection)

    def source(self, name: str) -> Source:
        """One source.

        Raises:
            NotFoundError: there is none of that name.
        """
        with self.catalog.reading() as connection:
            return sources.by_name(connection, name)

    def document(self, principal: Principal, document_id: int) -> Row[Any]:
        """A document that the principal may read.

        Raises:
            NotFoundError: there is none, for them.
        """
        with self.catalog.reading() as connection:
            row = documents.get(connection, principal, document_id)
        if row is None:
            raise NotFoundError("There is no such document.", detail={"document": document_id})
        return row

    def elements(self, row: Row[Any]) -> Parsed | None:
        """The stored elements of a document from :meth:`document`, or DamagedError."""
        return originals.elements(row, self.blobs)

    def passage(
        self, principal: Principal, passage_id: str
    ) -> tuple[list[StoredChunk], dict[int, Layout]]:
        """The chunks of a passage with their places, where it is current and may be read.

        Raises:
            UsageError: that is no passage id.
            NotFoundError: there is none, for them.
        """
        points = points_of(passage_id)
        with self.catalog.reading() as connection:
            stored = chunks.hydrate(connection, principal, points, current_seq(connection))
            layouts = chunks.layouts(connection, list(stored))
        if len(stored) != len(points):
            raise NotFoundError(
                "This passage is not there any more, or not for you: the document has changed.",
                code="passage_gone",
            )
        return [stored[p] for p in points], layouts

    async def erase(self, principal: Principal, document_ids: Sequence[int]) -> dict[str, int]:
        """Erase documents that the principal may read, now and everywhere; says how much went.

        Raises:
            NotFoundError: one of them is not there, for them; nothing is erased.
        """
        for number in document_ids:
            await self.catalog.read(self.document, principal, number)
        return (await self.upkeep.erase(document_ids, principal)).as_json()
