"""What people think of answers and of single citations, and what is to be worked through."""

from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, insert, or_, select, update

from kb.catalog.database import now
from kb.catalog.tables import answers, feedback
from kb.types import Principal

WHOLE = 0
"""In place of a citation's number: the answer as a whole."""
VERDICTS = ("good", "bad")


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
        .limit(limit)
        .offset(offset)
    )
    if not principal.owner:
        query = query.where(answers.c.asker == principal.name)
    return list(connection.execute(query).all())


def settle(connection: Connection, answer_id: str, *, done: bool) -> None:
    """Take an answer off the list, or put it back."""
    connection.execute(
        update(answers).where(answers.c.id == answer_id).values(settled_at=now() if done else None)
    )
