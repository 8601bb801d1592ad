"""What is asked here, and what finds nothing: without who asked."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from kb.catalog.arrays import among
from kb.catalog.database import now
from kb.catalog.tables import asked, evaluation_questions, saved_searches
from kb.types.asked import Frequent

DAY = 86_400.0
"""Seconds of a day."""


def keep(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add questions; a NUL, which PostgreSQL's texts cannot have, becomes a replacement sign."""
    if rows:
        connection.execute(
            insert(asked), [row | {"question": plain(row["question"])} for row in rows]
        )


def plain(question: str | None) -> str | None:
    """A question as it is kept here."""
    if question is None:
        return None
    said = question.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return said.encode("utf-8", "replace").decode()


def told(connection: Connection, is_told: Callable[[str], bool]) -> list[str]:
    """The questions that are kept here and of which that is true."""
    found = set(connection.scalars(select(asked.c.question).distinct()))
    found |= set(connection.scalars(select(evaluation_questions.c.question).distinct()))
    for address in connection.scalars(select(saved_searches.c.address).distinct()):
        found |= set(_asked_by(address))
    return sorted(one for one in found if one and is_told(one))


def blank(connection: Connection, words: Sequence[str]) -> None:
    """Forget the words of questions, not that they were asked; and searches saved with them.

    An evaluation that asked them keeps its figures.
    """
    mine = among(asked.c.question, words)
    connection.execute(update(asked).where(mine).values(question=None))
    evaluated = among(evaluation_questions.c.question, words)
    connection.execute(update(evaluation_questions).where(evaluated).values(question=""))
    rows = connection.execute(select(saved_searches.c.id, saved_searches.c.address)).tuples()
    quoting = [n for n, address in rows if set(words) & set(_asked_by(address))]
    connection.execute(delete(saved_searches).where(among(saved_searches.c.id, quoting)))


def _asked_by(address: str) -> list[str]:
    return parse_qs(urlsplit(address).query).get("q", [])


def by_day(connection: Connection, days: int) -> list[tuple[int, int, int]]:
    """For each of the last days: its number since the epoch, all questions, those unanswered."""
    day = func.floor(asked.c.at / DAY)
    query = (
        select(day.label("day"), func.count(), func.count().filter(_unanswered()))
        .where(asked.c.at > now() - days * DAY)
        .group_by(day)
    )
    found = {int(d): (int(n), int(u)) for d, n, u in connection.execute(query).tuples()}
    today = int(now() // DAY)
    return [(d, *found.get(d, (0, 0))) for d in range(today - days + 1, today + 1)]


def most_frequent(
    connection: Connection, days: int, *, unanswered: bool, limit: int = 20
) -> list[Frequent]:
    """Questions by how often they were asked; or those that found no answer."""
    query = (
        select(asked.c.question, func.count().label("times"), func.max(asked.c.at).label("last"))
        .where(asked.c.at > now() - days * DAY, asked.c.question.is_not(None))
        .group_by(asked.c.question)
        .order_by(func.count().desc(), func.max(asked.c.at).desc())
        .limit(limit)
    )
    if unanswered:
        query = query.where(_unanswered())
    return [Frequent(*row) for row in connection.execute(query)]


def by_source(connection: Connection, days: int) -> dict[str, int]:
    """How many questions each source had a passage for."""
    counted: dict[str, int] = {}
    query = select(asked.c.sources).where(asked.c.at > now() - days * DAY)
    for names in connection.scalars(query):
        for name in names:
            counted[name] = counted.get(name, 0) + 1
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def forget(connection: Connection, before: float) -> int:
    """Forget what was asked before a moment."""
    return connection.execute(delete(asked).where(asked.c.at < before)).rowcount


def _unanswered() -> Any:
    return or_(asked.c.hits == 0, asked.c.mode == "abstained")
