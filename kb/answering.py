"""From a question to a checked answer. The orchestrator: a list of verbs."""

import asyncio
import copy
import re
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from kb import citations, evidence, followups, links, prompt, queries, quotes
from kb.drafts import Checked, Draft, Translate
from kb.embedding import Embeddings, cosine
from kb.errors import ModelError
from kb.followups import Turn
from kb.llm.base import LanguageModel
from kb.retrieval import Found, Retriever, check_question
from kb.settings import Llm, Retrieval
from kb.types import (
    Answer,
    AnswerEvent,
    AnswerFinished,
    Passage,
    PassagesFound,
    Principal,
    Token,
)

MATCHED = 3
"""Passages that are compared with the question word piece by word piece."""
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

    async def answer(
        self,
        question: str,
        principal: Principal,
        translate: Translate = str,
        turns: Sequence[Turn] = (),
    ) -> AsyncGenerator[AnswerEvent, None]:
        """Passages, then tokens, then the answer as it was checked.

        ``turns`` are the questions before this one, which it may lean on.

        Raises:
            ModelError: the model broke off in the middle; before its first word it is a notice.
            KbError: the passages could not be looked for. Never an answer without them.
        """
        begun = time.monotonic()
        question = check_question(question)
        whole = await self._standing_alone(question, turns)
        text, wanted = queries.parse(whole)
        asked_as = text or whole
        found = await self._retriever.retrieve(
            asked_as, principal, self._retrieval.passages, wanted.softened()
        )
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

    async def _standing_alone(self, question: str, turns: Sequence[Turn]) -> str:
        """The question as it is searched for: a follow-up is written out."""
        if not turns or not followups.leans(question):
            return question
        model = await asyncio.to_thread(self._model)
        carried = followups.carried(question, turns)
        if model is None:
            return carried
        try:
            name = (await model.identify()).name
            async with aclosing(model.stream(followups.messages(question, turns), name)) as stream:
                written = "".join([piece async for piece in stream])
        except ModelError:
            return carried  # the answer itself will say that the model does not answer
        written = THINKING.sub("", written)
        return followups.accepted(written, question, turns) or carried

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
            if streamed:
                raise
            yield await self._quoted(draft, error.code)

    async def _generated(
        self, model: LanguageModel, draft: Draft
    ) -> AsyncGenerator[AnswerEvent, None]:
        identity = await model.identify()
        built = prompt.build(
            draft.asked_as,
            draft.found.passages,
            self._llm.context_tokens,
            self._llm.answer_tokens,
        )
        pieces: list[str] = []
        async with aclosing(model.stream(built.messages, identity.name)) as stream:
            async for piece in stream:
                pieces.append(piece)
                yield Token(piece)
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

    async def _quoted(self, draft: Draft, code: str) -> AnswerFinished:
        asked = evidence.asking(draft.asked_as)
        checked = await quotes.quote(asked, draft.found.passages, self._embeddings)
        return AnswerFinished(draft.quoted(checked, code))
