"""Evaluations that were run: their figures, and what came of each question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from kb.catalog.tables import evaluation_questions, evaluations


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What came of a question: figures by system (or none), and what was found, in short."""

    id: str
    question: str
    figures: dict[str, Any]
    got: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A finished evaluation. ``kind`` is ``beir`` or ``docs``; ``started_at`` in Unix seconds."""

    kind: str
    name: str
    settings: dict[str, Any]
    figures: dict[str, Any]
    started_at: float
    seconds: float


def keep(connection: Connection, done: Evaluation, results: Sequence[QuestionResult]) -> int:
    """Store an evaluation; its number."""
    number = connection.execute(
        insert(evaluations)
        .values(
            kind=done.kind,
            name=done.name,
            settings=done.settings,
            figures=done.figures,
            started_at=done.started_at,
            seconds=done.seconds,
        )
        .returning(evaluations.c.id)
    ).scalar_one()
    rows = [
        {
            "evaluation_id": number,
            "question_id": r.id[:200],
            "question": r.question,
            "figures": r.figures,
            "got": r.got,
        }
        for r in results
    ]
    if rows:
        connection.execute(insert(evaluation_questions), rows)
    return int(number)


def all_of(connection: Connection) -> list[Row[Any]]:
    """Every evaluation, the newest first."""
    return list(connection.execute(select(evaluations).order_by(evaluations.c.id.desc())).all())


def get(connection: Connection, number: int) -> Row[Any] | None:
    """One of them."""
    return connection.execute(select(evaluations).where(evaluations.c.id == number)).one_or_none()


def questions(connection: Connection, number: int) -> dict[str, Row[Any]]:
    """What came of its questions, by their id."""
    query = (
        select(evaluation_questions)
        .where(evaluation_questions.c.evaluation_id == number)
        .order_by(evaluation_questions.c.question_id)
    )
    return {r.question_id: r for r in connection.execute(query)}


def forget_answers(connection: Connection) -> None:
    """Forget what was answered in evaluations; their figures stay."""
    said = evaluation_questions.c.got != ""
    connection.execute(update(evaluation_questions).where(said).values(got=""))


def remove(connection: Connection, number: int) -> bool:
    """Forget an evaluation; whether there was one."""
    connection.execute(
        delete(evaluation_questions).where(evaluation_questions.c.evaluation_id == number)
    )
    return connection.execute(delete(evaluations).where(evaluations.c.id == number)).rowcount > 0
