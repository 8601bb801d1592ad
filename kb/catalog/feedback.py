"""What people think of answers and of single citations, and what is to be worked through."""

from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, insert, or_, select, update

from kb.catalog.arrays import among
from kb.catalog.database import now
from kb.catalog.tables import answers, documents, feedback, versions
from kb.types.people import Principal

WHOLE = 0
"""In place of a citation's number: the answer as a whole."""
VERDICTS = ("good", "bad")
MOST_LOOKED_AT = 2000
"""Of the newest answers to be reviewed, so many are looked through for a curator's."""


def give(connection: Connection, answer_id: str, citation: int, verdict: str, comment: str) -> None:
    """Keep a verdict; it replaces an earlier one."""
    withdraw(connection, answer_id, citation)
    connection.execute(
        insert(feedback).values(
            answer_id=answer_id,
            citation=citation,
            verdict=verdict,
            comment=comment,
            given_at=now(),
        )
    )


def withdraw(connection: Connection, answer_id: str, citation: int) -> None:
    """Forget a verdict."""
    connection.execute(
        delete(feedback).where(feedback.c.answer_id == answer_id, feedback.c.citation == citation)
    )


def of_answer(connection: Connection, answer_id: str) -> dict[int, Row[Any]]:
    """The verdicts on an answer, by citation."""
    rows = connection.execute(select(feedback).where(feedback.c.answer_id == answer_id))
    return {row.citation: row for row in rows}


def to_review(
    connection: Connection, principal: Principal, *, settled: bool, limit: int, offset: int = 0
) -> list[Row[Any]]:
    """Answers that abstained or were called bad, the newest first; those settled, or the others.

    Rows are answers with ``bad`` (how many verdicts) and ``comments`` of whoever gave them.
    """
    bad = feedback.c.verdict == "bad"
    complained = exists().where(feedback.c.answer_id == answers.c.id, bad)
    count = (
        select(func.count())
        .select_from(feedback)
        .where(feedback.c.answer_id == answers.c.id, bad)
        .scalar_subquery()
    )
    query = (
        select(answers, count.label("bad"))
        .where(
            or_(answers.c.mode == "abstained", complained),
            answers.c.settled_at.is_not(None) if settled else answers.c.settled_at.is_(None),
        )
        .order_by(answers.c.asked_at.desc(), answers.c.id)
    )
    if principal.manages:
        return list(connection.execute(query.limit(limit).offset(offset)).all())
    rows = connection.execute(query.limit(MOST_LOOKED_AT)).all()
    theirs = [row for row in rows if concerns(connection, principal, row)]
    return theirs[offset : offset + limit]


def concerns(connection: Connection, principal: Principal, row: Row[Any]) -> bool:
    """Whether an answer was made from, or came near, documents that somebody answers for."""
    if principal.manages:
        return True
    numbers = [version for version, _ in row.passages]
    query = (
        select(documents.c.source_id)
        .join(versions, versions.c.document_id == documents.c.id)
        .where(among(versions.c.number, numbers))
        .distinct()
    )
    return not principal.curates.isdisjoint(connection.scalars(query))


def is_to_review(connection: Connection, row: Row[Any]) -> bool:
    """Whether an answer abstained, or somebody called it or a citation of it bad."""
    bad = select(feedback.c.answer_id).where(
        feedback.c.answer_id == row.id, feedback.c.verdict == "bad"
    )
    return bool(row.mode == "abstained" or connection.execute(bad.limit(1)).first())


def settle(connection: Connection, answer_id: str, *, done: bool) -> None:
    """Take an answer off the list, or put it back."""
    connection.execute(
        update(answers).where(answers.c.id == answer_id).values(settled_at=now() if done else None)
    )
