"""The JSON that commands and HTTP share. Contracts: tests compare them to the letter."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Row

from kb import reasons
from kb.types import Answer, Citation, Passage


def hit(passage: Passage) -> dict[str, Any]:
    """One search hit."""
    chunk = passage.chunk
    return {
        "document_id": chunk.document_id,
        "version": chunk.version,
        "passage_id": passage.passage_id,
        "document": chunk.path,
        "source": chunk.source,
        "title": chunk.title,
        "page": chunk.page,
        "section": chunk.section,
        "text": passage.text,
        "score": round(passage.score, 6),
        "copies": passage.copies,
    }


def hits(passages: tuple[Passage, ...]) -> dict[str, Any]:
    """What a search returns."""
    return {"hits": [hit(p) for p in passages]}


def citation(cited: Citation) -> dict[str, Any]:
    """One citation of an answer."""
    chunk = cited.passage.chunk
    return {
        "n": cited.n,
        "document_id": chunk.document_id,
        "version": chunk.version,
        "passage_id": cited.passage.passage_id,
        "document": chunk.path,
        "source": chunk.source,
        "page": chunk.page,
        "section": chunk.section,
        "quote": cited.quote,
        "start": cited.start,
        "end": cited.end,
        "supported": cited.supported,
    }


def answer(given: Answer) -> dict[str, Any]:
    """A whole answer."""
    notice = {"code": given.notice.code, "message": given.notice.message} if given.notice else None
    return {
        "id": given.id,
        "conversation": None,
        "answer": given.text,
        "mode": given.mode,
        "notice": notice,
        "sentences": [
            {"text": s.text, "citations": list(s.citations), "supported": s.supported}
            for s in given.sentences
        ],
        "citations": [citation(c) for c in given.citations],
        "model": given.model,
        "seconds": given.seconds,
    }


def file(row: Row[Any], translate: Callable[[str], str] = str) -> dict[str, Any]:
    """One row of the ledger."""
    return {
        "source": row.source,
        "path": row.path,
        "state": row.state,
        "code": row.code,
        "reason": reasons.render(row.code, row.parameters, translate),
        "pages": row.pages,
        "chunks": row.chunks,
        "bytes": row.bytes,
    }
