"""The facade: one object that the commands and the web hold, put together here and nowhere else."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from kb.accounts.accounts import Accounts
from kb.accounts.groups import Groups
from kb.answers.answering import Answerer
from kb.answers.conversations import Conversations
from kb.answers.opinions import Opinions
from kb.answers.receipts import Receipts
from kb.audit.log import Audit, shown
from kb.audit.questions import Questions
from kb.catalog.behind import Behind
from kb.catalog.database import Catalog, open_catalog
from kb.duties import Duties
from kb.embedding.client import Embeddings
from kb.errors import KbError, ModelError
from kb.files import scratch
from kb.files.blobs import Blobs
from kb.files.uploads import Uploads
from kb.index.remote import RemoteIndex
from kb.library.documents import Documents
from kb.library.ledger import Ledger
from kb.library.sources import Sources
from kb.llm.adapters import adapter
from kb.llm.base import LanguageModel
from kb.rights import access
from kb.search.retrieval import Found, Retriever
from kb.settings import Settings
from kb.text import queries
from kb.text.queries import EVERYTHING, Wanted
from kb.types.answers import Answer, AnswerEvent, AnswerFinished, PassagesFound
from kb.types.people import Principal
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
        self.questions = Questions(self.catalog)
        self.behind = Behind(self.catalog)
        self.accounts = Accounts(self.catalog, settings.auth, self.behind)
        self.groups = Groups(self.catalog)
        self.conversations = Conversations(self.catalog)
        self.receipts = Receipts(self.catalog)
        self.opinions = Opinions(self.catalog)
        self.embeddings = Embeddings(settings)
        self.index = RemoteIndex(settings)
        self.publisher = Publisher(self.catalog, self.index, self.embeddings)
        self.retriever = Retriever(self.catalog, self.index, self.embeddings, settings.retrieval)
        self.upkeep = Upkeep(
            self.catalog, self.index, self.blobs, self.embeddings, self.publisher,
            settings.retention, self.scratch, settings.data / "evaluation",
        )  # fmt: skip
        self.documents = Documents(
            self.catalog, self.blobs, self.behind, self.audit, self.upkeep,
            settings.ingest.max_file_mb,
        )  # fmt: skip
        self.ledger = Ledger(self.catalog)
        self.sources = Sources(self.catalog, self.publisher)
        self.answerer = Answerer(
            self.retriever,
            self.embeddings,
            lambda: self.model,
            settings.retrieval,
            settings.llm,
        )

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

    async def look(self) -> None:
        """Look into the catalog, to see that it answers; raises as :meth:`read`."""
        await self.catalog.read(self._look)

    def _look(self) -> None:
        with self.catalog.reading():
            pass

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

    async def search(
        self,
        question: str,
        principal: Principal,
        limit: int = 10,
        wanted: Wanted = EVERYTHING,
        *,
        noted: bool = True,
    ) -> Found:
        """Passages for a question, with what people write beside words (``kb.text.queries``).

        Errors: see :meth:`kb.search.retrieval.Retriever.retrieve`. ``noted``: whether it goes into
        the audit log; evaluations do not, and take every question by its words alone.
        """
        begun = time.monotonic()
        with self._counted(), self.metrics.search_seconds.time():
            text, own = queries.parse(question) if noted else (question, EVERYTHING)
            both = queries.both(wanted, own)
            if not text and both != EVERYTHING:
                found = await self.catalog.read(self.retriever.latest, principal, limit, both)
            else:
                found = await self.retriever.retrieve(text, principal, limit, both)
        if noted:
            seconds = time.monotonic() - begun
            await asyncio.to_thread(
                self.audit.asked, principal, "search", question, found.passages, seconds
            )
        return found

    async def confidence(self, question: str, principal: Principal) -> float:
        """How sure it is that the documents answer a question (0 to 1)."""
        found = await self.retriever.retrieve(question, principal, self.settings.retrieval.passages)
        return await self.answerer.confidence(question, found)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Failures are counted by their code."""
        try:
            yield
        except KbError as error:
            self.metrics.failures.labels(error.code).inc()
            raise

    async def ask(
        self,
        question: str,
        principal: Principal,
        translate: Callable[[str], str] = str,
        conversation: str | None = None,
        *,
        alone: bool = False,
    ) -> AsyncGenerator[AnswerEvent, None]:
        """An answer's events; the finished answer is kept, in its conversation or a new one.

        ``alone``: the question is asked as it stands, whatever was asked before it.
        Errors: see ``Answerer.answer``; NotFoundError where the conversation is not theirs.
        """
        turns = await self.catalog.read(self.conversations.turns, principal, conversation)
        before = () if alone else turns
        answering = aclosing(self.answerer.answer(question, principal, translate, before))
        with self._counted():
            async with answering as events:
                async for event in events:
                    yield await self._kept(event, principal, question, conversation)

    async def _kept(
        self, event: AnswerEvent, principal: Principal, question: str, conversation: str | None
    ) -> AnswerEvent:
        if isinstance(event, PassagesFound):  # they are shown before the answer is finished
            places = shown(event.passages)
            words = self.audit.words(question)
            await asyncio.to_thread(
                self.audit.looked, principal, "ask.passages", question=words, shown=places
            )
        if not isinstance(event, AnswerFinished):
            return event
        answer = await self.catalog.write(self.receipts.keep, event.answer, principal, conversation)
        await asyncio.to_thread(
            self.audit.asked, principal, "ask", answer.question, answer.passages, answer.seconds,
            answer=answer.id, mode=answer.mode,
        )  # fmt: skip
        self.metrics.answer_seconds.labels(answer.mode).observe(answer.seconds)
        return AnswerFinished(answer)

    async def answer(
        self,
        question: str,
        principal: Principal,
        translate: Callable[[str], str] = str,
        conversation: str | None = None,
        *,
        alone: bool = False,
    ) -> Answer:
        """The finished answer by itself."""
        asking = self.ask(question, principal, translate, conversation, alone=alone)
        async with aclosing(asking) as events:
            async for event in events:
                if isinstance(event, AnswerFinished):
                    return event.answer
        raise ModelError("The answer broke off.", code="model_cut_off")
