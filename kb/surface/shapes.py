"""The JSON that commands and HTTP share. Contracts: tests compare them to the letter."""

from gettext import NullTranslations
from typing import Any

from kb.surface import notices, reasons, showing
from kb.surface.showing import Translate
from kb.text import pathnames
from kb.types.answers import Answer, Citation
from kb.types.conversations import Conversation
from kb.types.kept import Receipt
from kb.types.library import Document, RunProgress, SourceStanding
from kb.types.passages import Passage


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


def answer(given: Answer, translate: Translate = str) -> dict[str, Any]:
    """A whole answer, its notice in the reader's language."""
    notice = None
    if given.notice:
        notice = {"code": given.notice.code, "message": notices.render(given.notice, translate)}
    return {
        "id": given.id,
        "conversation": given.conversation,
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


def conversation(row: Conversation) -> dict[str, Any]:
    """A conversation in a list."""
    return {
        "id": row.id,
        "title": row.title,
        "started_at": row.started_at,
        "used_at": row.used_at,
    }


def turn(given: Receipt, translate: Translate = str) -> dict[str, Any]:
    """A question of a conversation; ``answer`` is null where it may not be read any more."""
    return {
        "id": given.row.id,
        "question": given.row.question,
        "asked_at": given.row.asked_at,
        "answer": answer(given.answer, translate) if given.answer else None,
        "shown": showing.shown(given.answer, translate) if given.answer else None,
    }


def receipt(given: Receipt, translate: Translate = str) -> dict[str, Any]:
    """How an answer came to be."""
    row = given.row
    return turn(given, translate) | {
        "asked_as": row.asked_as or row.question,
        "conversation": row.conversation_id,
        "mode": row.mode,
        "model": row.model,
        "model_digest": row.model_digest,
        "prompt": list(given.messages) if given.messages else None,
        "prompt_sha256": row.prompt_hash,
        "prompt_intact": given.intact,
        "settings": row.settings,
        "seconds": row.seconds,
        "passages": [
            {
                "n": n,
                "state": used.state,
                "version": used.version,
                "hit": hit(used.passage) if used.passage else None,
                "document": used.document.path if used.document else None,
            }
            for n, used in enumerate(given.used, 1)
        ],
        "feedback": [
            {"citation": n, "verdict": v.verdict, "comment": v.comment}
            for n, v in sorted(given.verdicts.items())
        ],
    }


def source(standing: SourceStanding, next_run: float | None) -> dict[str, Any]:
    """A source, how it is followed, and its run where one goes on; readers and rule in words."""
    item, running = standing.source, standing.running
    following = item.following
    shape = {
        "name": item.name,
        "path": item.root,
        "schedule": following.schedule,
        "watch": following.watch,
        "paused": item.paused,
        "uploads": following.uploads,
        "include": list(following.include),
        "exclude": list(following.exclude),
        "max_file_mb": following.max_file_mb,
        "languages": following.languages,
        "shown_as": following.shown_as,
        "readers": standing.readers,
        "rule": standing.rule,
        "rights_at": item.rights_at,
        "about": item.about,
        "documents": item.documents,
        "requested": item.is_requested,
        "next_run": next_run,
        "running": run(running) if running else None,
        "last_run": {
            "started_at": item.started_at,
            "finished_at": item.finished_at,
            "counts": item.counts,
            "error": item.error,
        },
    }
    return {name: _printable(value) for name, value in shape.items()}


def _printable(value: Any) -> Any:
    """Patterns are a command line's words: they may hold bytes that are no letters."""
    if isinstance(value, str):
        return pathnames.printable(value)
    if isinstance(value, list):
        return [_printable(one) for one in value]
    if isinstance(value, dict):
        return {name: _printable(one) for name, one in value.items()}
    return value


def run(row: RunProgress) -> dict[str, Any]:
    """A run that goes on, with its speed and what is left (seconds; None: not known yet)."""
    elapsed = max(0.1, row.seen_at - row.started_at)
    left = (row.total - row.done) * elapsed / row.done if row.done else None
    return {
        "started_at": row.started_at,
        "done": row.done,
        "total": row.total,
        "pages": row.pages,
        "path": row.path,
        "pages_per_second": round(row.pages / elapsed, 1),
        "seconds_left": round(left) if left is not None else None,
    }


def file(row: Document, words: NullTranslations = reasons.ENGLISH) -> dict[str, Any]:
    """One row of the ledger."""
    return {
        "source": row.source,
        "path": row.path,
        "state": row.state,
        "code": row.code,
        "reason": reasons.render(row.code, row.parameters, words),
        "pages": row.pages,
        "chunks": row.chunks,
        "bytes": row.bytes,
    }
