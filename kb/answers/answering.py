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
    followups,
    forms,
    going_on,
    prompt,
    quotes,
)
from kb.answers.claiming import Claim
from kb.answers.drafts import Draft, Written, showable
from kb.answers.evidence import Evidence
from kb.answers.judging import Judge
from kb.answers.overviews import summarised
from kb.answers.pen import Pen
from kb.answers.speech import Speech, spoken
from kb.answers.stopping import until
from kb.embedding.client import Embeddings, cosine
from kb.errors import ModelError
from kb.llm.base import LanguageModel
from kb.llm.chatting import chat
from kb.llm.tokens import tokens
from kb.search import sought
from kb.search.pins import PinMeeting
from kb.search.retrieval import Found, Retriever
from kb.settings import Llm, Retrieval
from kb.types.answers import AnswerEvent, AnswerFinished, PassagesFound, Thinking, Token
from kb.types.asking import Asked
from kb.types.conversations import Turn
from kb.types.forms import Form
from kb.types.passages import Passage
from kb.types.people import Principal

REMEMBERED_SECONDS = 300.0
"""Seconds for which a failure of the language model is told to whoever asks how it stands."""

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
        pins: PinMeeting,
    ) -> None:
        self._retriever = retriever
        self._pins = pins
        self._embeddings = embeddings
        self._model = model
        self._retrieval = retrieval
        self._llm = llm
        self._problem: tuple[ModelError, float] | None = None
        self.judge = Judge(embeddings)
        """Who says how sure it is that passages hold an answer."""

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
            asked_as, found = await self._found(whole, principal, asked.asked_as)
            yield PassagesFound(found.passages)
            written = await writing
        if written is not None and written != whole:
            asked_as, found = await self._found(written, principal)
            yield PassagesFound(found.passages)
        found = _seen(found)
        met = await self._pins.met(question, principal, found) if asked.begun is None else None
        if met is not None:
            yield AnswerFinished(Draft(question, asked_as, found, begun).pinned(met))
            return
        evident = await self.judge.evident(asked_as, found)
        band = evident.band(self._retrieval.min_evidence, self._retrieval.min_nearness)
        settings = self._settings(found, asked, evident)
        draft = Draft(question, asked_as, found, begun, settings, band)
        if not found.passages or (band == evidence.FAR and asked.begun is None):
            yield AnswerFinished(draft.far())
            return
        async with aclosing(self._from_evidence(draft, model, asked)) as events:
            async for event in events:
                yield event

    async def of_known(self, asked: Asked) -> AsyncGenerator[AnswerEvent, None]:
        """The events of an answer from passages that are known. Raises as :meth:`answer`.

        They are all of a document that is to be summarised, or those of an answer that was cut.
        """
        begun, known, cut = time.monotonic(), asked.passages or (), asked.begun
        [embedder, *_] = await self._embeddings.for_language(known[0].chunk.language)
        scale = await self._embeddings.scale(embedder.fingerprint)
        room = self._llm.context_tokens - self._llm.answer_tokens
        passages = known if cut else summarised(known, room)
        found = Found(passages, scale=scale, model=embedder.fingerprint)
        yield PassagesFound(found.passages)
        evident = Evidence(cut.sure, cut.near) if cut else Evidence(1.0, 1.0)
        band = evident.band(self._retrieval.min_evidence, self._retrieval.min_nearness)
        told = self._settings(found, asked, evident)
        asked_as = asked.asked_as or asked.question
        draft = Draft(asked.question, asked_as, found, begun, told, band)
        async with aclosing(self._from_evidence(draft, self._model, asked)) as events:
            async for event in events:
                yield event

    async def evident(self, question: str, principal: Principal) -> Evidence:
        """How sure it is that the documents answer a question, taken by its words.

        Raises:
            UsageError: the question cannot be used.
        """
        return await self.judge.evident(question, await self.looked_up(question, principal))

    async def looked_up(self, question: str, principal: Principal) -> Found:
        """The passages that an answer to a question, taken by its words, is made from.

        Raises:
            UsageError: the question cannot be used.
        """
        by_words = sought.in_words_alone(question)
        limit = self._retrieval.passages
        return _seen(await self._retriever.retrieve(by_words, principal, limit))

    def _settings(
        self, found: Found, asked: Asked, evident: Evidence
    ) -> dict[str, float | int | str]:
        """What the answer depends on, for its receipt."""
        llm = self._llm
        calibrated = {"calibration": evident.calibration} if evident.calibration else {}
        embedded = {"embedding": found.computed_by} if found.computed_by else {}
        continued = {going_on.CONTINUED: "yes"} if asked.begun else {}
        return (
            embedded
            | continued
            | calibrated
            | {
                "evidence": round(evident.sure, 3),
                "nearness": round(evident.near, 3),
                "temperature": llm.temperature,
                "num_ctx": llm.context_tokens,
                "num_predict": llm.answer_tokens,
                "passages": self._retrieval.passages,
            }
        )

    async def _found(
        self, whole: str, principal: Principal, words: str | None = None
    ) -> tuple[str, Found]:
        """The question without what narrows it, and its passages; ``words`` take its place."""
        read = sought.in_a_sentence(whole)
        read = replace(read, words=words or read.words)
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
        self, draft: Draft, model: Model, asked: Asked
    ) -> AsyncGenerator[AnswerEvent, None]:
        speaker = await asyncio.to_thread(model)
        if speaker is None:
            yield await self._quoted(draft, "no_model")
            return
        streamed = False
        try:
            async with aclosing(self._generated(speaker, draft, asked)) as events:
                async for event in events:
                    streamed = streamed or isinstance(event, Token)
                    yield event
        except ModelError as error:
            self._problem = (error, time.monotonic())
            if streamed:
                raise
            yield await self._quoted(draft, error.code, error.detail)

    async def _generated(
        self, model: LanguageModel, draft: Draft, asked: Asked
    ) -> AsyncGenerator[AnswerEvent, None]:
        before = asked.begun.text if asked.begun else ""
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
            async for piece in until(asked.stop, told):
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
        is_stopped = asked.stop is not None and asked.stop.is_set()
        if is_stopped and not speech.text.strip():
            return
        identity = speech.speaker
        self._problem = None
        text = going_on.joined(before, speech.text).strip()
        read = await asyncio.to_thread(forms.read, text, len(built.passages))
        if abstaining.says_no(read[0]):
            yield AnswerFinished(draft.refused(identity, built.digest))
            return
        written = await self._verified(read, built.passages, draft.found)
        ended = "stopped" if is_stopped else "cut" if speech.cut else None
        yield AnswerFinished(draft.generated(written, identity, built.digest, ended))

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
        asked = evidence.asking(draft.found.asked or draft.asked_as)
        sure = draft.band == evidence.SURE
        checked = await quotes.quote(asked, draft.found, self._embeddings, sure=sure)
        return AnswerFinished(draft.quoted(checked, code, detail))


def _seen(found: Found) -> Found:
    """Without passages that a reader of their documents does not see."""
    return replace(found, passages=tuple(p for p in found.passages if not p.hidden))


def _no_model() -> None:
    """A ``Model`` that gives none: quotations are wanted."""
