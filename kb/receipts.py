"""Answers as they are kept: references to passages, read again under the rights of the moment."""

from typing import Any

from sqlalchemy import Row

from kb import shapes
from kb.answering import NOTICES, with_markers
from kb.catalog import answers, chunks
from kb.catalog.database import Catalog, current_seq, now
from kb.errors import NotFoundError
from kb.types import Answer, Citation, Notice, Passage, Principal, Sentence, StoredChunk


def keep(catalog: Catalog, answer: Answer, principal: Principal) -> None:
    """Store a finished answer. A quotation's words are not stored, only where they stand."""
    with catalog.writing() as connection:
        answers.keep(
            connection,
            {
                "id": answer.id,
                "asker": principal.name,
                "question": answer.question,
                "text": answer.text if answer.mode == "generated" else "",
                "mode": answer.mode,
                "notice": {"code": answer.notice.code} if answer.notice else None,
                "sentences": [
                    {
                        "text": s.text if answer.mode == "generated" else None,
                        "citations": list(s.citations),
                        "supported": s.supported,
                    }
                    for s in answer.sentences
                ],
                "citations": [
                    [c.n, list(c.passage.points), c.start, c.end, c.supported]
                    for c in answer.citations
                ],
                "passages": [[p.chunk.version, list(p.points)] for p in answer.passages],
                "model": answer.model,
                "prompt_hash": answer.prompt_hash,
                "settings": answer.settings,
                "asked_at": now(),
                "seconds": answer.seconds,
            },
        )


def kept(catalog: Catalog, principal: Principal, answer_id: str) -> dict[str, Any]:
    """A kept answer, its passages read again.

    Raises:
        NotFoundError: there is none, for them, or a passage of it may not be read any more.
    """
    with catalog.reading() as connection:
        row = answers.get(connection, principal, answer_id)
        if row is None:
            raise NotFoundError("There is no such answer.", detail={"answer": answer_id})
        wanted = sorted({p for _, points, *_ in row.citations for p in points})
        stored = chunks.hydrate(connection, principal, wanted, current_seq(connection))
    if len(stored) != len(wanted):
        raise NotFoundError(
            "Passages of this answer have changed or may not be read any more. Ask again.",
            code="answer_withheld",
        )
    return shapes.answer(_revived(row, stored))


def _revived(row: Row[Any], stored: dict[int, StoredChunk]) -> Answer:
    cited = tuple(
        Citation(
            n,
            Passage(
                stored[points[0]],
                "\n".join(stored[p].text for p in points),
                tuple(points),
                0.0,
                0.0,
            ),
            start,
            end,
            supported,
        )
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
        notice=Notice(code, NOTICES.get(code, "")) if code else None,
        sentences=sentences,
        citations=cited,
        passages=(),
        model=row.model,
        seconds=row.seconds,
    )
