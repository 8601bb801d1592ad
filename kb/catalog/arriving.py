"""What arrives with an import, and is no document: conversations, answers, what was said of them.

All of it may be done twice: what is there already stays.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from kb.catalog import answers as kept_answers
from kb.catalog import keeping
from kb.catalog.database import insert_ignoring, now
from kb.catalog.rights import of_text_from
from kb.catalog.tables import (
    answers,
    conversations,
    documents,
    feedback,
    glossary,
    judged_questions,
    pins,
    versions,
)
from kb.catalog.versions import SWEPT
from kb.types.kept import KeptAnswer
from kb.types.leaving import (
    LeftConversation,
    LeftDocument,
    LeftJudged,
    LeftOpinion,
    LeftPin,
    LeftTerm,
)

NOBODYS = 0
"""In place of a document that was not exported."""


def note_unread(connection: Connection, document_id: int, left: LeftDocument) -> None:
    """How a file stood of which nothing is searched."""
    kept = ("state", "code", "parameters", "settings", "used", "pending", "mtime_ns", "held")
    values = {name: getattr(left, name) for name in kept}
    connection.execute(update(documents).where(documents.c.id == document_id).values(**values))


def earlier_version(connection: Connection, document_id: int, worker: str) -> int:
    """A number that stands for a version of before, of which nothing came; nothing has its points.

    ``document_id`` is :data:`NOBODYS` where its document did not come either.
    """
    moment = now()
    values = {
        "document_id": document_id, "state": SWEPT, "points": 0, "worker": worker,
        "started_at": moment, "finished_at": moment, "code": "imported",
    }  # fmt: skip
    query = insert(versions).values(**values).returning(versions.c.number)
    return int(connection.execute(query).scalar_one())


def conversation(connection: Connection, one: LeftConversation) -> None:
    """Take up a conversation."""
    insert_ignoring(connection, conversations, [msgspec.structs.asdict(one)])


def is_there(connection: Connection, answer_id: str) -> bool:
    """Whether an answer of this id is here."""
    query = select(answers.c.id).where(answers.c.id == answer_id)
    return connection.scalar(query) is not None


def answer(connection: Connection, kept: KeptAnswer, opinions: Iterable[LeftOpinion]) -> None:
    """Take up an answer, with what was said of it."""
    kept_answers.keep(connection, kept)
    rows = [{"answer_id": kept.id, **msgspec.structs.asdict(one)} for one in opinions]
    insert_ignoring(connection, feedback, rows)


def pin(connection: Connection, one: LeftPin, document_id: int, passage: str) -> None:
    """Take up a pinned answer, unless its question has one of that document."""
    folded = keeping.folded_question(one.question)
    there = select(pins.c.id).where(pins.c.folded == folded, pins.c.document_id == document_id)
    if connection.scalar(there) is None:
        values: dict[str, Any] = {
            "question": one.question, "folded": folded, "answer": one.answer,
            "document_id": document_id, "author": one.author, "pinned_at": one.pinned_at,
            "address": f"/documents/{document_id}?passage={passage}",
        }  # fmt: skip
        connection.execute(insert(pins).values(**values, **of_text_from(document_id)))


def judged(connection: Connection, one: LeftJudged, document_id: int) -> None:
    """Take up a question with its right passage, unless it is here."""
    table = judged_questions
    there = select(table.c.id).where(
        table.c.question == one.question,
        table.c.document_id == document_id,
        table.c.text == one.text,
    )
    if connection.scalar(there) is None:
        values: Mapping[str, Any] = msgspec.structs.asdict(one)
        values = {k: v for k, v in values.items() if k != "document"}
        connection.execute(
            insert(table).values(**values, document_id=document_id, **of_text_from(document_id))
        )


def term(connection: Connection, one: LeftTerm) -> None:
    """Take up an abbreviation, unless it means something here."""
    insert_ignoring(connection, glossary, [msgspec.structs.asdict(one)])
