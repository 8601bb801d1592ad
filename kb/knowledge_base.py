"""The facade: one object that the commands and the web hold, put together here and nowhere else."""

import asyncio
from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from kb.accounts.accounts import Accounts
from kb.accounts.groups import Groups
from kb.answers.answering import Answerer
from kb.answers.asking import Answers
from kb.answers.conversations import Conversations
from kb.answers.evaluations import Evaluations
from kb.answers.excerpts import Excerpts
from kb.answers.opinions import Opinions
from kb.answers.overviews import Overviews
from kb.answers.receipts import Receipts
from kb.audit.log import Audit
from kb.audit.questions import Questions
from kb.backup.backups import Backups
from kb.backup.upgrading import before
from kb.catalog.behind import Behind
from kb.catalog.database import Catalog, open_catalog
from kb.duties import Duties
from kb.embedding.client import Embeddings
from kb.files import scratch
from kb.files.blobs import Blobs
from kb.files.uploads import Uploads
from kb.index.generation import built_with
from kb.index.remote import RemoteIndex
from kb.leaving.verbs import Leaving
from kb.library.beginnings import Beginnings
from kb.library.documents import Documents
from kb.library.held import Held
from kb.library.ledger import Ledger
from kb.library.sources import Sources
from kb.llm.adapters import adapter
from kb.llm.base import LanguageModel
from kb.models.register import Register
from kb.proof.purging import Purges
from kb.rights import access
from kb.search.glossary import Glossary
from kb.search.pins import PinMeeting, Pins
from kb.search.retrieval import Retriever, Tuned
from kb.search.saved import Searches
from kb.search.searching import Search
from kb.settings import Settings
from kb.together.together import together
from kb.tuning.tunings import Tunings
from kb.types.index import Generation
from kb.upkeep.beside import Beside
from kb.upkeep.models import Removal
from kb.upkeep.publishing import Publisher
from kb.upkeep.swaps import Swaps
from kb.upkeep.verbs import Upkeep

if TYPE_CHECKING:
    from kb.metrics import Metrics

P = ParamSpec("P")
T = TypeVar("T")


class KnowledgeBase:
    """A data directory in use.

    ``searched`` is the generation of the index that is searched; None: whichever is live.
    """

    def __init__(self, settings: Settings, searched: Generation | None = None) -> None:
        self.settings = settings
        self.duties = Duties()
        self.catalog: Catalog = open_catalog(settings, before(settings))
        self.blobs = Blobs(settings.data / "blobs")
        self.scratch = scratch.of(settings.scratch_dir, settings.data)
        self.uploads = Uploads(self.catalog, self.scratch, settings)
        self.audit = Audit(self.catalog, settings.audit, settings.data / "audit")
        self.questions = Questions(self.catalog)
        self.behind = Behind(self.catalog)
        self.accounts = Accounts(self.catalog, settings.auth, self.behind)
        self.principal = self.accounts.on_this_machine
        self.groups = Groups(self.catalog)
        self.conversations = Conversations(self.catalog)
        self.receipts = Receipts(self.catalog)
        self.opinions = Opinions(self.catalog)
        self.embeddings = self._embedding()
        self.index = RemoteIndex(settings)
        beside = Beside(self.catalog, self.index, self.embeddings, settings.models.keep_days)
        self.publisher = Publisher(self.catalog, self.index, self.embeddings, beside)
        self.evaluations = Evaluations(self.catalog)
        self.overviews = Overviews(self.catalog, self.embeddings)
        self.glossary = Glossary(self.catalog)
        self.pins = Pins(self.catalog)
        self.searches = Searches(self.catalog)
        self.tunings = Tunings(self.catalog)
        self.search, self.answers = self.asking(self.tunings.live, searched)
        self.excerpts = Excerpts(self.catalog, self.search, self.embeddings)
        self.swaps = Swaps(self.catalog, self.index, self.embeddings, beside)
        self.upkeep = Upkeep(
            self.catalog, self.index, self.blobs, self.embeddings, self.publisher,
            settings.retention, self.scratch, settings.data / "evaluation",
        )  # fmt: skip
        self.leaving = Leaving(
            self.catalog, self.blobs, self.publisher, self.embeddings, self.audit, settings.data
        )
        self.documents = Documents(
            self.catalog, self.blobs, self.behind, self.audit, self.upkeep,
            settings.ingest.max_file_mb,
        )  # fmt: skip
        self.purges = Purges(
            self.catalog, self.index, self.blobs, self.publisher, self.upkeep, self.scratch,
            self.audit, settings,
        )  # fmt: skip
        self.models = self._register()
        self.removal = Removal(self.catalog, self.models, self.tunings, self.publisher)
        self.ledger = Ledger(self.catalog)
        self.beginnings = Beginnings(self.catalog)
        self.sources = Sources(self.catalog, self.publisher)
        self.backups = Backups(self.catalog, settings)
        self.held = Held(self.catalog, self.publisher)
        self.together = together(self.catalog, settings)

    def _embedding(self) -> Embeddings:
        """The models that the index was built with; without one those that the settings name."""
        embeddings = Embeddings(self.settings)
        if self.catalog.described is not None:
            embeddings.follow(built_with(self.catalog.described))
        return embeddings

    def _register(self) -> Register:
        note = partial(self.audit.note, access.owner())
        used = lambda: self.embeddings.settings.embedding  # noqa: E731 - one line says it
        return Register(self.settings, lambda: self.model, note, used, self.tunings.registered)

    def asking(self, tuned: Tuned, searched: Generation | None = None) -> tuple[Search, Answers]:
        """Search and answers, over one retriever; model and metrics load at the first question.

        ``tuned`` gives what moves questions: what is live, or what is measured beside it.
        """
        settings = self.settings
        retriever = Retriever(
            self.catalog, self.index, self.embeddings, settings.retrieval, self.glossary, tuned,
            searched,
        )  # fmt: skip
        search = Search(self.catalog, retriever, self.audit, lambda: self.metrics)
        answerer = Answerer(
            retriever, self.embeddings, lambda: self.model, settings.retrieval, settings.llm,
            PinMeeting(self.catalog, self.embeddings),
        )  # fmt: skip
        return search, Answers(
            self.catalog, answerer, self.receipts, self.audit, self.overviews,
            lambda: self.metrics,
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

    async def look(self) -> None:
        """Look into the catalog, to see that it answers; raises as :meth:`read`."""
        await self.catalog.look()

    async def close(self) -> None:
        """Close every connection; the engines stay for others, until they are idle."""
        await asyncio.to_thread(self.audit.close)
        await asyncio.to_thread(self.behind.close)
        await self.index.close()
        self.scratch.close()
        await self.embeddings.close()
        opened = self.__dict__.get("model")
        if opened is not None:
            await opened.close()
        self.catalog.close()

    async def stop_engines(self) -> None:
        """Ask the engines to end."""
        await self.embeddings.engine.leave()
        await self.index.engine.leave()
