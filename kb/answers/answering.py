"""From a question to a checked answer. The orchestrator: a list of verbs."""

import asyncio
import copy
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

from kb.answers import citations, evidence, followups, links, prompt, quotes
from kb.answers.drafts import Checked, Draft, Translate
from kb.answers.followups import Turn
from kb.embedding.client import Embeddings, cosine
from kb.errors import ModelError
from kb.llm.base import Identity, LanguageModel, chat
from kb.search.limits import check_question
from kb.search.retrieval import Found, Retriever
from kb.settings import Llm, Retrieval
from kb.text import queries
from kb.types.answers import Answer, AnswerEvent, AnswerFinished, PassagesFound, Token
from kb.types.passages import Passage
from kb.types.people import Principal

MATCHED = 3
"""Passages that are compared with the question word piece by word piece."""
REMEMBERED_SECONDS = 300.0
THINKING = re.compile(r"<think>.*?(</think>|$)", re.DOTALL)


class Answerer:
    """Holds what answering needs; ``model`` gives the model, None where none is configured."""

    def __init__(
        self,
        retriever: Retriever,
        embeddings: Embeddings,
        model: Callable[[], LanguageModel | None],
        retrieval: Retrieval,
        llm: Llm,
    ) -> None:
        self._retriever = retriever
        self._embeddings = embeddings
        self._model = model
        self._retrieval = retrieval
        self._llm = llm
        self._problem: tuple[ModelError, float] | None = None

    @property
    def model_problem(self) -> ModelError | None:
        """What the model's last answer in this process failed with, in the last minutes."""
        if self._problem is None or time.monotonic() - self._problem[1] > REMEMBERED_SECONDS:
            return None
        return self._problem[0]

    async def answer(
        self,
        question: str,
        principal: Principal,
        translate: Translate = str,
        turns: Sequence[Turn] = (),
    ) -> AsyncGenerator[AnswerEvent, None]:
        """Passages, then tokens, then the answer as it was checked.

        ``turns`` are the questions before this one, which it may lean on. A follow-up's passages
        come at once; where the language model writes it out otherwise, better ones replace them.

        Raises:
            ModelError: the model broke off in the middle; before its first word it is a notice.
            KbError: the passages could not be looked for. Never an answer without them.
        """
        begun = time.monotonic()
        question = check_question(question)
        leans = bool(turns) and followups.leans(question)
        whole = followups.carried(question, turns) if leans else question
        async with self._written_out(question, turns if leans else ()) as writing:
            asked_as, found = await self._found(whole, principal)
            yield PassagesFound(found.passages)
            written = await writing
        if written is not None and written != whole:
            asked_as, found = await self._found(written, principal)
            yield PassagesFound(found.passages)
        found = replace(found, passages=tuple(p for p in found.passages if not p.hidden))
        draft = Draft(question, asked_as, found, begun, translate, self._settings())
        if not await self._is_evidence(asked_as, found):
            yield AnswerFinished(draft.abstained())
            return
        async with aclosing(self._from_evidence(draft)) as events:
            async for event in events:
                yield event

    async def finished(
        self, question: str, principal: Principal, *, with_model: bool = True
    ) -> Answer:
        """The finished answer alone, kept nowhere; without the model it is quotations."""
        answerer = self if with_model else copy.copy(self)
        if not with_model:
            answerer._model = lambda: None  # noqa: SLF001 - our own copy
        async with aclosing(answerer.answer(question, principal)) as events:
            async for event in events:
                if isinstance(event, AnswerFinished):
                    return event.answer
        raise ModelError("The answer broke off.", code="model_cut_off")

    async def _is_evidence(self, question: str, found: Found) -> bool:
        """Whether to answer. Where the cosine alone says so, the first token waits for no more."""
        least = self._retrieval.min_evidence
        if found.understood:
            asked = evidence.asking(question)
            at_least = evidence.confidence(asked, found.passages, [evidence.POOREST])
            if at_least >= least:
                return True
        return await self.confidence(question, found) >= least

    async def confidence(self, question: str, found: Found) -> float:
        """How sure it is that the passages hold the answer (0 to 1)."""
        question, passages = evidence.asking(question), found.passages
        if not passages or not found.understood:
            return evidence.confidence_by_words(question, passages)
        texts = [f"{p.chunk.title}. {p.text}" for p in passages[:MATCHED]]
        met = await self._embeddings.matches(question, texts)
        return evidence.confidence(question, passages, [evidence.Match(*m) for m in met])

    def _settings(self) -> dict[str, float | int]:
        """What the answer depends on, for its receipt."""
        llm = self._llm
        return {
            "temperature": llm.temperature,
            "num_ctx": llm.context_tokens,
            "num_predict": llm.answer_tokens,
            "passages": self._retrieval.passages,
        }

    async def _found(self, whole: str, principal: Principal) -> tuple[str, Found]:
        """The question without what narrows it, and its passages."""
        text, wanted = queries.parse(whole)
        asked_as = text or whole
        passages = self._retrieval.passages
        return asked_as, await self._retriever.retrieve(
            asked_as, principal, passages, wanted.softened()
        )

    @asynccontextmanager
    async def _written_out(
        self, question: str, turns: Sequence[Turn]
    ) -> AsyncIterator["asyncio.Future[str | None]"]:
        """What the model makes of a follow-up, begun at once; None where it makes nothing of it."""
        writing = asyncio.ensure_future(self._rewritten(question, turns))
        try:
            yield writing
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _rewritten(self, question: str, turns: Sequence[Turn]) -> str | None:
        model = await asyncio.to_thread(self._model) if turns else None
        if model is None:
            return None
        try:
            async with asyncio.timeout(self._llm.rewrite_seconds):
                messages = followups.messages(question, turns)
                async with aclosing(chat(model, messages)) as pieces:
                    written = "".join([p async for p in pieces if isinstance(p, str)])
        except (ModelError, TimeoutError):
            return None  # the answer itself will say that the model does not answer
        return followups.accepted(THINKING.sub("", written), question, turns)

    async def _from_evidence(self, draft: Draft) -> AsyncGenerator[AnswerEvent, None]:
        model = await asyncio.to_thread(self._model)
        if model is None:
            yield await self._quoted(draft, "no_model")
            return
        streamed = False
        try:
            async with aclosing(self._generated(model, draft)) as events:
                async for event in events:
                    streamed = True
                    yield event
        except ModelError as error:
            self._problem = (error, time.monotonic())
            if streamed:
                raise
            yield await self._quoted(draft, error.code, error.detail)

    async def _generated(
        self, model: LanguageModel, draft: Draft
    ) -> AsyncGenerator[AnswerEvent, None]:
        built = prompt.build(
            draft.asked_as,
            draft.found.passages,
            self._llm.context_tokens,
            self._llm.answer_tokens,
        )
        identity, pieces = None, []
        async with aclosing(chat(model, built.messages)) as told:
            async for piece in told:
                if isinstance(piece, Identity):
                    identity = piece
                else:
                    pieces.append(piece)
                    yield Token(piece)
        assert identity is not None  # it comes before the pieces
        self._problem = None
        text = THINKING.sub("", "".join(pieces)).strip()
        if not text or prompt.ABSTAINED.casefold() in text.casefold():
            yield AnswerFinished(draft.abstained(identity, built.digest))
            return
        text = links.without_foreign(text, [p.text for p in built.passages])
        checked = await self._verified(text, built.passages)
        yield AnswerFinished(draft.generated(checked, identity, built.digest))

    async def _verified(self, text: str, passages: tuple[Passage, ...]) -> Checked:
        claims = citations.claims(text, len(passages))
        texts = citations.texts(claims, passages)
        vectors = dict(zip(texts, await self._embeddings.texts(texts), strict=True))
        return (
            await asyncio.to_thread(  # some thousand cosines: other people are answered meanwhile
                citations.verify,
                claims,
                passages,
                lambda claim, stretch: cosine(vectors[claim], vectors[stretch]),
            )
        )

    async def _quoted(
        self, draft: Draft, code: str, detail: Mapping[str, Any] | None = None
    ) -> AnswerFinished:
        asked = evidence.asking(draft.asked_as)
        checked = await quotes.quote(asked, draft.found.passages, self._embeddings)
        return AnswerFinished(draft.quoted(checked, code, detail))
