"""Answers as they are kept: references to passages, read again under the rights of the moment."""

from dataclasses import replace

from kb.answers import reopening
from kb.answers.conversations import joined
from kb.catalog import answers, versions
from kb.catalog.database import Catalog, Connection, now
from kb.errors import NotFoundError
from kb.types.answers import Answer
from kb.types.kept import (
    KeptAnswer,
    KeptCitation,
    KeptNotice,
    KeptPassage,
    KeptSentence,
    Receipt,
)
from kb.types.people import Principal


class Receipts:
    """The answers in a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def keep(
        self,
        answer: Answer,
        principal: Principal,
        conversation: str | None,
        replaces: str | None = None,
    ) -> Answer:
        """Store a finished answer; it with its conversation. ``replaces``: the cut one before it.

        A quotation's words are not stored, only where they stand.

        Raises:
            NotFoundError: a document that it was made from was erased meanwhile.
        """
        with self._catalog.writing() as connection:
            _check_known(connection, answer)
            moment = now()
            number = joined(connection, principal, conversation, answer.question, moment)
            answer = replace(answer, conversation=number)
            if replaces is not None and answer.mode == "generated":
                answers.remove(connection, replaces)
            answers.keep(connection, _kept(answer, principal, moment))
        return answer

    def answer(self, principal: Principal, answer_id: str) -> Answer:
        """A kept answer, its passages read again.

        Raises:
            NotFoundError: there is none, for them, or a passage of it may not be read any more.
        """
        receipt = self.receipt(principal, answer_id)
        if receipt.answer is None:
            raise NotFoundError(
                "Passages of this answer have changed or may not be read any more. Ask again.",
                code="answer_withheld",
            )
        return receipt.answer

    def receipt(self, principal: Principal, answer_id: str) -> Receipt:
        """How an answer came to be, as far as the asker may read it now.

        Raises:
            NotFoundError: there is no such answer, for them.
        """
        [receipt] = self.side_by_side(principal, answer_id)
        return receipt

    def side_by_side(self, principal: Principal, *answer_ids: str) -> list[Receipt]:
        """Several receipts at one moment; raises as :meth:`receipt`."""
        with self._catalog.reading() as connection:
            rows = [reopening.kept(connection, principal, i) for i in answer_ids]
            return [reopening.receipt(connection, principal, row) for row in rows]


def _check_known(connection: Connection, answer: Answer) -> None:
    """What repeats the words of a document that was erased meanwhile is not kept."""
    numbers = {passage.chunk.version for passage in answer.passages}
    if versions.count_known(connection, sorted(numbers)) < len(numbers):
        raise NotFoundError(
            "Passages of this answer have changed or may not be read any more. Ask again.",
            code="answer_withheld",
        )


def _kept(answer: Answer, principal: Principal, moment: float) -> KeptAnswer:
    generated, notice = answer.mode == "generated", answer.notice
    return KeptAnswer(
        id=answer.id,
        asker=principal.name,
        conversation_id=answer.conversation,
        question=answer.question,
        asked_as=answer.asked_as,
        text=answer.text if generated else "",
        mode=answer.mode,
        notice=KeptNotice(notice.code, dict(notice.parameters)) if notice else None,
        sentences=tuple(
            KeptSentence(s.text if generated else None, s.citations, s.supported, s.places)
            for s in answer.sentences
        ),
        citations=tuple(
            KeptCitation(c.n, c.passage.points, c.start, c.end, c.supported)
            for c in answer.citations
        ),
        passages=tuple(KeptPassage(p.chunk.version, p.points, p.newest) for p in answer.passages),
        model=answer.model,
        model_digest=answer.model_digest,
        prompt_hash=answer.prompt_hash,
        settings=answer.settings,
        form=answer.form or None,
        asked_at=moment,
        seconds=answer.seconds,
    )
