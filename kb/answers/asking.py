"""The door to an answer: a question is checked, answered, counted, noted, and its receipt kept."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from kb.answers import conversations, going_on, reopening
from kb.answers.answering import Answerer
from kb.answers.evidence import Evidence, Readings
from kb.answers.overviews import Overviews
from kb.answers.receipts import Receipts
from kb.audit.log import Audit, shown
from kb.catalog.database import Catalog, Connection
from kb.errors import ModelError, NotFoundError, UsageError
from kb.search.limits import check_question
from kb.search.retrieval import Found
from kb.types.answers import Answer, AnswerEvent, AnswerFinished, PassagesFound
from kb.types.asking import AS_PEOPLE_ASK, Asked, Begun, Manner, Stop
from kb.types.kept import KeptAnswer, UsedPassage
from kb.types.passages import Passage
from kb.types.people import Principal

if TYPE_CHECKING:
    from kb.metrics import Metrics

UNFINISHED = ("cut", "stopped")
"""Notices of answers that can be gone on with."""


class Answers:
    """Questions put to a knowledge base."""

    def __init__(
        self,
        catalog: Catalog,
        answerer: Answerer,
        receipts: Receipts,
        audit: Audit,
        overviews: Overviews,
        metrics: Callable[[], "Metrics"],
    ) -> None:
        self._catalog = catalog
        self._answerer = answerer
        self._receipts = receipts
        self._audit = audit
        self._overviews = overviews
        self._metrics = metrics

    @property
    def model_problem(self) -> ModelError | None:
        """What the model's last answer in this process failed with, in the last minutes."""
        return self._answerer.model_problem

    def asked(
        self,
        question: str,
        principal: Principal,
        conversation: str | None = None,
        manner: Manner = AS_PEOPLE_ASK,
        stop: Stop | None = None,
    ) -> Asked:
        """A question that may be answered, before anything of an answer is told.

        ``stop`` is set when the asker wants no more: what is written until then is the answer.

        Raises:
            UsageError: the question is empty or too long.
            NotFoundError: there is no such conversation, for them.
        """
        question = check_question(question)
        with self._catalog.reading() as connection:
            asked = _asked(connection, question, principal, conversation, manner)
        return replace(asked, stop=stop)

    def again(self, principal: Principal, answer_id: str) -> Asked:
        """The question of a kept answer once more, searched for with the same words.

        It goes into the same conversation, where that is the asker's own.

        Raises:
            NotFoundError: there is no such answer, for them.
        """
        with self._catalog.reading() as connection:
            row = reopening.kept(connection, principal, answer_id)
        theirs = row.conversation_id if row.asker == principal.name else None
        return Asked(row.question, principal, theirs, row.asked_as, manner=Manner(alone=True))

    def anew(
        self, principal: Principal, answer_id: str, question: str | None, stop: Stop | None = None
    ) -> Asked:
        """The question of a kept answer once more, or another in its place, after what was before.

        It goes into the same conversation, where that is the asker's own; the earlier answer stays.

        Raises:
            NotFoundError: there is no such answer, for them.
            UsageError: the question is empty or too long.
        """
        with self._catalog.reading() as connection:
            row = reopening.kept(connection, principal, answer_id)
            wanted = check_question(row.question if question is None else question)
            if row.conversation_id is None or row.asker != principal.name:
                return Asked(wanted, principal, stop=stop)
            number = row.conversation_id
            turns = conversations.turns(connection, principal, number, row.asked_at)
            return Asked(wanted, principal, number, turns=turns, stop=stop)

    def summary(
        self, principal: Principal, document_id: int, question: str, stop: Stop | None = None
    ) -> Asked:
        """The wish for a summary of a document, in the asker's words: it begins a conversation.

        Raises:
            NotFoundError: there is no such document, for them, or nothing in it to be read.
            UsageError: the question is empty or too long.
        """
        passages = self._overviews.passages(principal, document_id)
        if not passages:
            raise NotFoundError("There is nothing in this document to be summarised.")
        return Asked(check_question(question), principal, passages=passages, stop=stop)

    def go_on(self, principal: Principal, answer_id: str, stop: Stop | None = None) -> Asked:
        """The question of an answer that was cut or stopped; what is written replaces it.

        It begins as that did, and is made from the same passages, as long as they are all there.

        Raises:
            NotFoundError: there is no such answer, for them, or it may not be read any more.
            UsageError: it was neither cut nor stopped.
        """
        with self._catalog.reading() as connection:
            row = reopening.kept(connection, principal, answer_id)
            receipt = reopening.receipt(connection, principal, row)
        answer = receipt.answer
        if answer is None or row.asker != principal.name:
            raise NotFoundError(
                "Passages of this answer have changed or may not be read any more. Ask again.",
                code="answer_withheld",
            )
        if row.notice is None or row.notice.code not in UNFINISHED:
            raise UsageError("This answer is whole.", code="answer_whole")
        return Asked(
            row.question, principal, row.conversation_id, row.asked_as, manner=Manner(alone=True),
            begun=_begun(row, answer), stop=stop, passages=_all_of(receipt.used),
        )  # fmt: skip

    async def ask(self, asked: Asked) -> AsyncGenerator[AnswerEvent, None]:
        """An answer's events; the finished answer is kept, in its conversation or a new one.

        Raises:
            ModelError: the model broke off in the middle; before its first word it is a notice.
            KbError: the passages could not be looked for. Never an answer without them.
        """
        with self._metrics().failing():
            asking = self._answerer.answer if asked.passages is None else self._answerer.of_known
            async with aclosing(asking(asked)) as events:
                async for event in events:
                    yield await self._noted(event, asked) if asked.manner.noted else event

    async def answer(
        self,
        question: str,
        principal: Principal,
        conversation: str | None = None,
        manner: Manner = AS_PEOPLE_ASK,
    ) -> Answer:
        """The finished answer by itself; raises as :meth:`asked` and :meth:`ask`."""
        asked = await self._catalog.read(self.asked, question, principal, conversation, manner)
        return await finished(self.ask(asked))

    async def evident(self, question: str, principal: Principal) -> Evidence:
        """How sure it is that the documents answer a question, without an answer.

        Raises:
            UsageError: the question is empty or too long.
        """
        return await self._answerer.evident(question, principal)

    async def looked_up(self, question: str, principal: Principal) -> Found:
        """The passages that an answer would be made from; raises as :meth:`evident`."""
        return await self._answerer.looked_up(question, principal)

    async def readings(self, asked: str, found: Found) -> Readings:
        """What evidence reads of passages for a question that a model knows."""
        return await self._answerer.judge.readings(asked, found)

    async def _noted(self, event: AnswerEvent, asked: Asked) -> AnswerEvent:
        """What is told next, as it is told once it has been noted and kept."""
        if isinstance(event, PassagesFound):  # they are shown before the answer is finished
            places, words = shown(event.passages), self._audit.words(asked.question)
            await asyncio.to_thread(
                self._audit.looked, asked.principal, "ask.passages", question=words, shown=places
            )
        if not isinstance(event, AnswerFinished):
            return event
        answer = await self._catalog.write(
            self._receipts.keep, event.answer, asked.principal, asked.conversation,
            asked.begun.id if asked.begun else None,
        )  # fmt: skip
        await asyncio.to_thread(
            self._audit.asked, asked.principal, "ask", answer.question, answer.passages,
            answer.seconds, answer=answer.id, mode=answer.mode,
        )  # fmt: skip
        self._metrics().answer_seconds.labels(answer.mode).observe(answer.seconds)
        return AnswerFinished(answer)


def _asked(
    connection: Connection,
    question: str,
    principal: Principal,
    conversation: str | None,
    manner: Manner,
) -> Asked:
    turns = conversations.turns(connection, principal, conversation)
    given = () if manner.alone else turns
    return Asked(question, principal, conversation, turns=given, manner=manner)


def _begun(row: KeptAnswer, answer: Answer) -> Begun:
    sure, near = (float(row.settings.get(name, 1.0)) for name in ("evidence", "nearness"))
    return Begun(row.id, going_on.begun(answer), sure, near)


def _all_of(used: Sequence[UsedPassage]) -> tuple[Passage, ...] | None:
    """The passages of an answer; None where one of them has changed since."""
    passages = tuple(u.passage for u in used if u.passage is not None)
    return passages if passages and len(passages) == len(used) else None


async def finished(answering: AsyncGenerator[AnswerEvent, None]) -> Answer:
    """The answer that events end with.

    Raises:
        ModelError: they end without one.
    """
    async with aclosing(answering) as events:
        async for event in events:
            if isinstance(event, AnswerFinished):
                return event.answer
    raise ModelError("The answer broke off.", code="model_cut_off")
