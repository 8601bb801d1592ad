"""From a question to a checked answer. The orchestrator: a list of verbs."""

import asyncio
import re
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from kb import citations, prompt, quotes
from kb.embedding import Embeddings, cosine
from kb.errors import ModelError
from kb.llm.base import LanguageModel
from kb.retrieval import Found, Retriever
from kb.settings import Llm, Retrieval
from kb.types import (
    Answer,
    AnswerEvent,
    AnswerFinished,
    Citation,
    Notice,
    Passage,
    PassagesFound,
    Principal,
    Sentence,
    Token,
)


def _(text: str) -> str:
    return text


NOTICES = {
    "no_model": _("No language model is connected; these are the documents' own words."),
    "model_unavailable": _(
        "The language model does not answer; these are the documents' own words."
    ),
    "model_missing": _("The model server has no usable model; these are the documents' own words."),
    "model_silent": _("The language model was silent; these are the documents' own words."),
    "not_found": _("The documents do not say. These passages come nearest."),
}
THINKING = re.compile(r"<think>.*?(</think>|$)", re.DOTALL)
Translate = Callable[[str], str]


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
        self, question: str, principal: Principal, translate: Translate = str
    ) -> AsyncGenerator[AnswerEvent, None]:
        """Passages, then tokens, then the answer as it was checked.

        Raises:
            ModelError: the model broke off in the middle; before its first word it is a notice.
            KbError: the passages could not be looked for. Never an answer without them.
        """
        begun = time.monotonic()
        found = await self._retriever.retrieve(question, principal, self._retrieval.passages)
        yield PassagesFound(found.passages)
        if not found.evidence:
            yield AnswerFinished(_abstained(question, found, begun, None, translate))
            return
        async with aclosing(self._from_evidence(question, found, begun, translate)) as events:
            async for event in events:
                yield event

    async def _from_evidence(
        self, question: str, found: Found, begun: float, translate: Translate
    ) -> AsyncGenerator[AnswerEvent, None]:
        model = await asyncio.to_thread(self._model)
        if model is None:
            yield await self._quoted(question, found, begun, "no_model", translate)
            return
        streamed = False
        try:
            async with aclosing(
                self._generated(model, question, found, begun, translate)
            ) as events:
                async for event in events:
                    streamed = True
                    yield event
        except ModelError as error:
            if streamed:
                raise
            yield await self._quoted(question, found, begun, error.code, translate)

    async def _generated(
        self,
        model: LanguageModel,
        question: str,
        found: Found,
        begun: float,
        translate: Translate,
    ) -> AsyncGenerator[AnswerEvent, None]:
        name = await model.name()
        llm = self._llm
        built = prompt.build(question, found.passages, llm.context_tokens, llm.answer_tokens)
        pieces: list[str] = []
        async with aclosing(model.stream(built.messages)) as stream:
            async for piece in stream:
                pieces.append(piece)
                yield Token(piece)
        text = THINKING.sub("", "".join(pieces)).strip()
        if not text or prompt.ABSTAINED.casefold() in text.casefold():
            yield AnswerFinished(_abstained(question, found, begun, name, translate))
            return
        sentences, cited = await self._verified(text, built.passages)
        yield AnswerFinished(
            Answer(
                id=uuid.uuid4().hex,
                question=question,
                text=with_markers(sentences),
                mode="generated",
                notice=None,
                sentences=sentences,
                citations=cited,
                passages=found.passages,
                model=name,
                seconds=round(time.monotonic() - begun, 3),
                prompt_hash=built.digest,
                settings={"temperature": llm.temperature, "num_ctx": llm.context_tokens},
            )
        )

    async def _verified(
        self, text: str, passages: tuple[Passage, ...]
    ) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
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
        self, question: str, found: Found, begun: float, code: str, translate: Translate
    ) -> AnswerFinished:
        sentences, cited = await quotes.quote(question, found.passages, self._embeddings)
        message = NOTICES.get(code, NOTICES["model_unavailable"])
        return AnswerFinished(
            Answer(
                id=uuid.uuid4().hex,
                question=question,
                text=with_markers(sentences),
                mode="quotes",
                notice=Notice(code, translate(message)),
                sentences=sentences,
                citations=cited,
                passages=found.passages,
                model=None,
                seconds=round(time.monotonic() - begun, 3),
            )
        )


def _abstained(
    question: str, found: Found, begun: float, model: str | None, translate: Translate
) -> Answer:
    passages: tuple[Passage, ...] = found.passages
    return Answer(
        id=uuid.uuid4().hex,
        question=question,
        text="",
        mode="abstained",
        notice=Notice("not_found", translate(NOTICES["not_found"])),
        sentences=(),
        citations=(),
        passages=passages,
        model=model,
        seconds=round(time.monotonic() - begun, 3),
    )


def with_markers(sentences: tuple[Sentence, ...]) -> str:
    """The answer as one text, each sentence followed by its citations."""
    parts = [s.text + "".join(f" [{n}]" for n in s.citations) for s in sentences]
    return " ".join(parts)
