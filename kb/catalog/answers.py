"""Answers as they are kept: references to passages, never their texts."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, select, union

from kb.catalog.arrays import among
from kb.catalog.tables import answer_versions, answers, feedback
from kb.types.kept import KeptAnswer
from kb.types.people import Principal


def keep(connection: Connection, answer: KeptAnswer) -> None:
    """Store an answer."""
    connection.execute(insert(answers).values(**msgspec.to_builtins(answer)))
    numbers = sorted({passage.version for passage in answer.passages})
    rows = [{"version": number, "answer_id": answer.id} for number in numbers]
    if rows:
        connection.execute(insert(answer_versions), rows)


def forget_made_from(connection: Connection, numbers: Sequence[int]) -> int:
    """Delete the answers that were made from these versions; returns how many.

    Those that came after one in its conversation go too: they were written with its words in view.
    """
    return connection.execute(delete(answers).where(_touched(numbers))).rowcount


def made_from(connection: Connection, numbers: Sequence[int]) -> list[KeptAnswer]:
    """The answers that :func:`forget_made_from` deletes."""
    return all_of(connection, select(answers).where(_touched(numbers)).order_by(answers.c.asked_at))


def count_of(connection: Connection, numbers: Sequence[int]) -> int:
    """How many answers refer to these versions."""
    query = select(func.count(answer_versions.c.answer_id.distinct()))
    mine = among(answer_versions.c.version, numbers)
    return int(connection.scalar(query.where(mine)) or 0)


def _touched(numbers: Sequence[int]) -> ColumnElement[bool]:
    of_them = select(answer_versions.c.answer_id).where(among(answer_versions.c.version, numbers))
    first = (
        select(answers.c.conversation_id, func.min(answers.c.asked_at).label("asked_at"))
        .where(answers.c.id.in_(of_them), answers.c.conversation_id.is_not(None))
        .group_by(answers.c.conversation_id)
        .subquery()
    )
    later = answers.alias()
    after = select(later.c.id).join(
        first,
        and_(
            later.c.conversation_id == first.c.conversation_id,
            later.c.asked_at >= first.c.asked_at,
        ),
    )
    return answers.c.id.in_(union(of_them, after))


def remove(connection: Connection, answer_id: str) -> None:
    """Delete an answer, with what was said of it."""
    connection.execute(delete(answers).where(answers.c.id == answer_id))


def expire(connection: Connection, before: float) -> int:
    """Delete the answers to what was asked ``before`` (Unix seconds); returns how many."""
    return connection.execute(delete(answers).where(answers.c.asked_at < before)).rowcount


def get(connection: Connection, principal: Principal, answer_id: str) -> KeptAnswer | None:
    """An answer that this principal asked for."""
    query = select(answers).where(answers.c.id == answer_id)
    if not principal.owner:
        query = query.where(answers.c.asker == principal.name)
    return next(iter(all_of(connection, query)), None)


def by_id(connection: Connection, answer_id: str) -> KeptAnswer | None:
    """An answer, whoever asked for it: the caller decides who may see it."""
    return next(iter(all_of(connection, select(answers).where(answers.c.id == answer_id))), None)


def rated_good(connection: Connection) -> list[KeptAnswer]:
    """The answers that somebody called good, or a citation of which somebody did."""
    liked = select(feedback.c.answer_id).where(feedback.c.verdict == "good")
    query = select(answers).where(answers.c.id.in_(liked)).order_by(answers.c.asked_at)
    return all_of(connection, query)


def all_of(connection: Connection, query: Select[Any]) -> list[KeptAnswer]:
    """The answers that a query of whole rows gives."""
    columns = KeptAnswer.__struct_fields__
    return [
        msgspec.convert({c: getattr(row, c) for c in columns}, KeptAnswer)
        for row in connection.execute(query)
    ]


def recent_questions(connection: Connection, principal: Principal, limit: int) -> list[str]:
    """What this principal asked last, without repeats."""
    query = (
        select(answers.c.question)
        .where(answers.c.asker == principal.name)
        .order_by(answers.c.asked_at.desc())
        .limit(limit * 5)
    )
    return list(dict.fromkeys(connection.scalars(query)))[:limit]
