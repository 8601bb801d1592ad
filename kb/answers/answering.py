"""From a question to a checked answer. The orchestrator: a list of verbs."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

from kb.answers import (
    abstaining,
    citations,
    evidence,
    exact,
    followups,
    forms,
    going_on,
    prompt,
    quotes,
)
from kb.answers.claiming import Claim
from kb.answers.drafts import Draft, Written, showable
from kb.answers.pen import Pen
from kb.answers.speech import Speech, spoken
from kb.embedding.client import Embeddings, cosine
from kb.errors import ModelError
from kb.llm.base import LanguageModel
from kb.llm.chatting import chat
from kb.llm.tokens import tokens
from kb.search import sought
from kb.search.retrieval import Found, Retriever
from kb.settings import Llm, Retrieval
from kb.types.answers import AnswerEvent, AnswerFinished, PassagesFound, Thinking, Token
from kb.types.asking import Asked, Begun
from kb.types.conversations import Turn
from kb.types.forms import Form
from kb.types.passages import Passage
from kb.types.people import Principal

MATCHED = 3
"""Passages that are compared with the question word piece by word piece."""
REMEMBERED_SECONDS = 300.0

Model = Callable[[], LanguageModel | None]
"""Gives the language model, None where none is to be asked; what it loads is loaded then."""


class Answerer:
    """Holds what answering needs."""

    def __init__(
        self,
        retriever: Retriever,
        embeddings: Embeddings,
        model: Model,
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

    async def answer(self, asked: Asked) -> AsyncGenerator[AnswerEvent, None]:
        """Passages, then tokens, then the answer as it was checked.

        A follow-up's passages come at once; where the language model writes it out otherwise,
        better ones replace them.

        Raises:
            ModelError: the model broke off in the middle; before its first word it is a notice.
            KbError: the passages could not be looked for. Never an answer without them.
        """
        begun, question, principal = time.monotonic(), asked.question, asked.principal
        model: Model = self._model if asked.manner.with_model else _no_model
        turns = asked.turns if followups.leans(question) else ()
        whole = followups.carried(question, turns)
        async with self._written_out(question, turns, model) as writing:
            asked_as, found = await self._found(whole, principal)
            yield PassagesFound(found.passages)
            written = await writing
        if written is not None and written != whole:
            asked_as, found = await self._found(written, principal)
            yield PassagesFound(found.passages)
        found = replace(found, passages=tuple(p for p in found.passages if not p.hidden))
        draft = Draft(question, asked_as, found, begun, self._settings(found, asked))
        if asked.begun is None and not await self._is_evidence(asked_as, found):
            yield AnswerFinished(draft.abstained())
            return
        async with aclosing(self._from_evidence(draft, model, asked.begun)) as events:
            async for event in events:
                yield event

    async def _is_evidence(self, question: str, found: Found) -> bool:
        """Whether to answer. Where the cosine alone says so, the first token waits for no more."""
        least = self._retrieval.min_evidence
        if found.understood:
            asked = evidence.asking(question)
            poorest = [evidence.POOREST]
            at_least = evidence.confidence(asked, found.passages, poorest, found.scale)
            if at_least >= least:
                return True
        return await self._confidence(question, found) >= least

    async def sureness(self, question: str, principal: Principal) -> float:
        """How sure it is that the documents answer a question, taken by its words (0 to 1).

        Raises:
            UsageError: the question cannot be used.
        """
        by_words = sought.in_words_alone(question)
        found = await self._retriever.retrieve(by_words, principal, self._retrieval.passages)
        return await self._confidence(question, found)

    async def _confidence(self, question: str, found: Found) -> float:
        """How sure it is that the passages hold the answer (0 to 1)."""
        border = self._retrieval.min_evidence
        least = exact.floor(question, found.passages, found.exact, may=border, sure=border)
        return max(least, await self._likely(question, found))

    async def _likely(self, question: str, found: Found) -> float:
        """The same by likeness, without what exact things tell."""
        question, passages, scale = evidence.asking(question), found.passages, found.scale
        if not passages or not found.understood:
            return evidence.confidence_by_words(question, passages, scale)
        texts = [f"{p.chunk.title}. {p.text}" for p in passages[:MATCHED]]
        met = await self._embeddings.matches(question, texts, found.model)
        matches = [evidence.Match.of(*one, scale) for one in met]
        return evidence.confidence(question, passages, matches, scale)

    def _settings(self, found: Found, asked: Asked) -> dict[str, float | int | str]:
        """What the answer depends on, for its receipt."""
        llm = self._llm
        embedded = {"embedding": found.computed_by} if found.computed_by else {}
        continued = {going_on.CONTINUED: "yes"} if asked.begun else {}
        return (
            embedded
            | continued
            | {
                "temperature": llm.temperature,
                "num_ctx": llm.context_tokens,
                "num_predict": llm.answer_tokens,
                "passages": self._retrieval.passages,
            }
        )

    async def _found(self, whole: str, principal: Principal) -> tuple[str, Found]:
        """The question without what narrows it, and its passages."""
        read = sought.in_a_sentence(whole)
        passages = self._retrieval.passages
        return read.words, await self._retriever.retrieve(read, principal, passages)

    @asynccontextmanager
    async def _written_out(
        self, question: str, turns: Sequence[Turn], model: Model
    ) -> AsyncIterator["asyncio.Future[str | None]"]:
        """What the model makes of a follow-up, begun at once; None where it makes nothing of it."""
        writing = asyncio.ensure_future(self._rewritten(question, turns, model))
        try:
            yield writing
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _rewritten(self, question: str, turns: Sequence[Turn], model: Model) -> str | None:
        speaker = await asyncio.to_thread(model) if turns else None
        if speaker is None:
            return None
        try:
            async with asyncio.timeout(self._llm.rewrite_seconds):
                messages = followups.messages(question, turns)
                async with aclosing(chat(speaker, messages)) as pieces:
                    written = (await spoken(pieces)).text
        except (ModelError, TimeoutError):
            return None  # the answer itself will say that the model does not answer
        return followups.accepted(written, question, turns)

    async def _from_evidence(
        self, draft: Draft, model: Model, begun: Begun | None
    ) -> AsyncGenerator[AnswerEvent, None]:
        speaker = await asyncio.to_thread(model)
        if speaker is None:
            yield await self._quoted(draft, "no_model")
            return
        streamed = False
        try:
            async with aclosing(self._generated(speaker, draft, begun)) as events:
                async for event in events:
                    streamed = streamed or isinstance(event, Token)
                    yield event
        except ModelError as error:
            self._problem = (error, time.monotonic())
            if streamed:
                raise
            yield await self._quoted(draft, error.code, error.detail)

    async def _generated(
        self, model: LanguageModel, draft: Draft, begun: Begun | None
    ) -> AsyncGenerator[AnswerEvent, None]:
        before = begun.text if begun else ""
        built = prompt.build(
            draft.asked_as,
            draft.found.passages,
            self._llm.context_tokens,
            self._llm.answer_tokens + (tokens(before) if before else 0),
        )
        messages = going_on.messages(built.messages, before) if before else built.messages
        speech, pen = Speech(), Pen(built.passages)
        async with aclosing(
            chat(model, messages, self._llm.answer_tokens, goes_on=bool(before))
        ) as told:
            async for piece in told:
                event = speech.heard(piece)
                if event is not None:
                    yield event
                if isinstance(event, Thinking):
                    pen = Pen(built.passages)  # what was shown until now is taken away
                if isinstance(event, Token) and pen.is_due():
                    so_far = going_on.joined(before, speech.text)
                    forming = await asyncio.to_thread(pen.wrote, so_far)
                    if forming is not None:
                        yield forming
        identity = speech.speaker
        self._problem = None
        text = going_on.joined(before, speech.text).strip()
        read = await asyncio.to_thread(forms.read, text, len(built.passages))
        if abstaining.says_no(read[0]):
            yield AnswerFinished(draft.abstained(identity, built.digest))
            return
        written = await self._verified(read, built.passages, draft.found)
        yield AnswerFinished(draft.generated(written, identity, built.digest, cut=speech.cut))

    async def _verified(
        self, read: tuple[Form, list[Claim]], passages: tuple[Passage, ...], found: Found
    ) -> Written:
        form, claims = read
        texts = citations.texts(claims, passages)
        embedded = await self._embeddings.texts(texts, found.model)
        vectors = dict(zip(texts, embedded, strict=True))
        checked = await asyncio.to_thread(  # some thousand cosines: others are answered meanwhile
            citations.verify,
            claims,
            passages,
            lambda claim, stretch: found.scale.alike(cosine(vectors[claim], vectors[stretch])),
        )
        return await asyncio.to_thread(showable, form, checked)

    async def _quoted(
        self, draft: Draft, code: str, detail: Mapping[str, Any] | None = None
    ) -> AnswerFinished:
        asked = evidence.asking(draft.asked_as)
        found = draft.found
        checked = await quotes.quote(asked, found.passages, self._embeddings, found.model)
        return AnswerFinished(draft.quoted(checked, code, detail))


def _no_model() -> None:
    """A ``Model`` that gives none: quotations are wanted."""
