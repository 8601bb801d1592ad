"""Evaluations that were run: their figures, and what came of each question."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select, update

from kb.catalog.tables import evaluation_questions, evaluations
from kb.types.evaluations import Evaluation, KeptEvaluation, QuestionResult


def keep(connection: Connection, done: Evaluation, results: Sequence[QuestionResult]) -> int:
    """Store an evaluation; its number."""
    number = connection.execute(
        insert(evaluations).values(**asdict(done)).returning(evaluations.c.id)
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


def all_of(connection: Connection) -> list[KeptEvaluation]:
    """Every evaluation, the newest first."""
    rows = connection.execute(select(evaluations).order_by(evaluations.c.id.desc()))
    return [KeptEvaluation(**row._asdict()) for row in rows]


def get(connection: Connection, number: int) -> KeptEvaluation | None:
    """An evaluation by its number."""
    rows = connection.execute(select(evaluations).where(evaluations.c.id == number))
    return next((KeptEvaluation(**row._asdict()) for row in rows), None)


def questions(connection: Connection, number: int) -> dict[str, QuestionResult]:
    """What came of its questions, by their id."""
    query = (
        select(
            evaluation_questions.c.question_id.label("id"),
            evaluation_questions.c.question,
            evaluation_questions.c.figures,
            evaluation_questions.c.got,
        )
        .where(evaluation_questions.c.evaluation_id == number)
        .order_by(evaluation_questions.c.question_id)
    )
    return {row.id: QuestionResult(**row._asdict()) for row in connection.execute(query)}


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
