"""Answers as they are kept: references to passages, read again under the rights of the moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row

from kb.answers import prompt
from kb.answers.conversations import joined
from kb.answers.drafts import notice, with_markers
from kb.catalog import answers, chunks, feedback, ledger, versions
from kb.catalog.database import Catalog, Connection, current_seq, now
from kb.errors import NotFoundError
from kb.types.answers import Answer, Citation, Sentence
from kb.types.library import Document
from kb.types.passages import Passage, StoredChunk
from kb.types.people import Principal

CURRENT, CHANGED, GONE = "current", "changed", "gone"
"""A passage is as it was; its document is another version by now; it is not there, or not for
the asker."""


@dataclass(frozen=True, slots=True)
class Used:
    """A passage that an answer was made from. ``document`` is None where nobody may know."""

    state: str
    version: int
    passage: Passage | None
    document: Document | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """How an answer came to be. ``answer`` is None where a passage of it may not be read."""

    row: Row[Any]
    answer: Answer | None
    used: tuple[Used, ...]
    verdicts: dict[int, Row[Any]]
    messages: tuple[dict[str, str], ...] | None
    """The prompt, built again; None where its passages are not all there any more."""
    intact: bool | None
    """Whether that prompt is the one that was sent; None where none was or none can be built."""


class Receipts:
    """The answers in a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def keep(self, answer: Answer, principal: Principal, conversation: str | None) -> Answer:
        """Store a finished answer; it with its conversation.

        A quotation's words are not stored, only where they stand.
        """
        with self._catalog.writing() as connection:
            number = joined(connection, principal, conversation, answer.question)
            answer = replace(answer, conversation=number)
            answers.keep(connection, _row(answer, principal))
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
        with self._catalog.reading() as connection:
            row = answers.get(connection, principal, answer_id)
            if row is None:
                row = _reviewed(connection, principal, answer_id)
            if row is None:
                raise NotFoundError("There is no such answer.", detail={"answer": answer_id[:60]})
            stored = _stored(connection, principal, row)
            used = tuple(
                _used(connection, principal, version, points, stored)
                for version, points in row.passages
            )
            verdicts = feedback.of_answer(connection, answer_id)
        shown = may_be_shown(row, used, stored, principal)
        answer = _revived(row, stored) if shown else None
        messages = _prompt(row, used)
        return Receipt(row, answer, used, verdicts, messages, _is_intact(row, messages))


def may_be_shown(
    row: Row[Any], used: Iterable[Used], stored: Mapping[int, StoredChunk], principal: Principal
) -> bool:
    """Whether somebody may have an answer's words, by what they may read at this moment.

    Every surface that gives out a kept answer asks here. What went into an answer may speak from
    any of its sentences, cited or not, so all of it has to be theirs to read. What is cited has to
    be there word for word too. To others than who asked, all of it has to be: a document that has
    changed since may have had other readers then.
    """
    cited = {p for _, points, *_ in row.citations for p in points}
    kept = {CURRENT, CHANGED} if row.asker == principal.name else {CURRENT}
    return cited <= set(stored) and all(u.state in kept for u in used)


def _reviewed(connection: Connection, principal: Principal, answer_id: str) -> Row[Any] | None:
    """Somebody else's answer, for whoever answers for the documents it was made from."""
    row = answers.by_id(connection, answer_id)
    if row is None or not feedback.is_to_review(connection, row):
        return None
    return row if feedback.concerns(connection, principal, row) else None


def _row(answer: Answer, principal: Principal) -> dict[str, Any]:
    generated = answer.mode == "generated"
    return {
        "id": answer.id,
        "asker": principal.name,
        "conversation_id": answer.conversation,
        "question": answer.question,
        "asked_as": answer.asked_as,
        "text": answer.text if generated else "",
        "mode": answer.mode,
        "notice": {"code": answer.notice.code} if answer.notice else None,
        "sentences": [
            {
                "text": s.text if generated else None,
                "citations": list(s.citations),
                "supported": s.supported,
            }
            for s in answer.sentences
        ],
        "citations": [
            [c.n, list(c.passage.points), c.start, c.end, c.supported] for c in answer.citations
        ],
        "passages": [[p.chunk.version, list(p.points)] for p in answer.passages],
        "model": answer.model,
        "model_digest": answer.model_digest,
        "prompt_hash": answer.prompt_hash,
        "settings": answer.settings,
        "asked_at": now(),
        "seconds": answer.seconds,
    }


def _stored(connection: Connection, principal: Principal, row: Row[Any]) -> dict[int, StoredChunk]:
    wanted = {p for _, points, *_ in row.citations for p in points}
    wanted |= {p for _, points in row.passages for p in points}
    return chunks.hydrate(connection, principal, sorted(wanted), current_seq(connection))


def _used(
    connection: Connection,
    principal: Principal,
    version: int,
    points: list[int],
    stored: dict[int, StoredChunk],
) -> Used:
    if set(points) <= set(stored):
        return Used(CURRENT, version, _passage(points, stored), None)
    document_id = versions.document_of(connection, version)
    document = ledger.one(connection, principal, document_id) if document_id else None
    return Used(CHANGED if document else GONE, version, None, document)


def _passage(points: list[int], stored: dict[int, StoredChunk]) -> Passage:
    text = "\n".join(stored[p].text for p in points)
    return Passage(stored[points[0]], text, tuple(points), 0.0, 0.0)


def _prompt(row: Row[Any], used: tuple[Used, ...]) -> tuple[dict[str, str], ...] | None:
    """The prompt as it was sent, built again from the same passages."""
    passages = [u.passage for u in used if u.passage is not None]
    window, answer = row.settings.get("num_ctx"), row.settings.get("num_predict")
    if not row.prompt_hash or len(passages) < len(used) or not window or not answer:
        return None
    return prompt.build(row.asked_as or row.question, passages, window, answer).messages


def _is_intact(row: Row[Any], messages: tuple[dict[str, str], ...] | None) -> bool | None:
    return None if messages is None else prompt.digest(messages) == row.prompt_hash


def _revived(row: Row[Any], stored: dict[int, StoredChunk]) -> Answer:
    cited = tuple(
        Citation(n, _passage(points, stored), start, end, supported)
        for n, points, start, end, supported in row.citations
    )
    quoted = {c.n: " ".join(c.quote.split()) for c in cited}
    sentences = tuple(
        Sentence(
            s["text"] if s["text"] is not None else quoted[s["citations"][0]],
            tuple(s["citations"]),
            s["supported"],
        )
        for s in row.sentences
    )
    code = row.notice["code"] if row.notice else None
    return Answer(
        id=row.id,
        question=row.question,
        text=with_markers(sentences),
        mode=row.mode,
        notice=notice(code, {}, str) if code else None,
        sentences=sentences,
        citations=cited,
        passages=(),
        model=row.model,
        seconds=row.seconds,
        asked_as=row.asked_as,
        conversation=row.conversation_id,
        model_digest=row.model_digest,
        prompt_hash=row.prompt_hash,
        settings=row.settings,
    )
