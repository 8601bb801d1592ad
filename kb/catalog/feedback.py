"""What people think of answers and of single citations, and what is to be worked through."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, exists, func, insert, or_, select, update

from kb.catalog import answers as kept_answers
from kb.catalog.arrays import among
from kb.catalog.database import now
from kb.catalog.tables import answers, chunks, documents, feedback, versions
from kb.catalog.versions import CURRENT
from kb.types.kept import KeptAnswer
from kb.types.opinions import GoodPlace, Opinion, Praised, ToReview
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


def of_answer(connection: Connection, answer_id: str) -> dict[int, Opinion]:
    """The verdicts on an answer, by citation."""
    query = select(feedback.c.citation, feedback.c.verdict, feedback.c.comment).where(
        feedback.c.answer_id == answer_id
    )
    return {row.citation: Opinion(*row) for row in connection.execute(query)}


def to_review(
    connection: Connection, principal: Principal, *, settled: bool, limit: int, offset: int = 0
) -> list[ToReview]:
    """Answers that abstained or were called bad, the newest first; those settled, or the others."""
    bad = feedback.c.verdict == "bad"
    complained = exists().where(feedback.c.answer_id == answers.c.id, bad)
    count = (
        select(func.count())
        .select_from(feedback)
        .where(feedback.c.answer_id == answers.c.id, bad)
        .scalar_subquery()
    )
    query = (
        select(
            answers.c.id,
            answers.c.question,
            answers.c.mode,
            answers.c.asked_at,
            answers.c.passages,
            count.label("bad"),
        )
        .where(
            or_(answers.c.mode == "abstained", complained),
            answers.c.settled_at.is_not(None) if settled else answers.c.settled_at.is_(None),
        )
        .order_by(answers.c.asked_at.desc(), answers.c.id)
    )
    if principal.manages:
        chosen = connection.execute(query.limit(limit).offset(offset)).all()
    else:
        rows = connection.execute(query.limit(MOST_LOOKED_AT)).all()
        theirs = [r for r in rows if concerns(connection, principal, [v for v, *_ in r.passages])]
        chosen = theirs[offset : offset + limit]
    return [
        ToReview(r.id, r.question, r.mode, r.asked_at, r.bad, of_answer(connection, r.id))
        for r in chosen
    ]


def concerns(connection: Connection, principal: Principal, numbers: Sequence[int]) -> bool:
    """Whether documents of these versions are somebody's to answer for.

    The versions are those that an answer was made from, or came near.
    """
    if principal.manages:
        return True
    query = (
        select(documents.c.source_id)
        .join(versions, versions.c.document_id == documents.c.id)
        .where(among(versions.c.number, numbers))
        .distinct()
    )
    return not principal.curates.isdisjoint(connection.scalars(query))


def praised(connection: Connection) -> list[Praised]:
    """Answers that somebody called good, or citations of them, as far as what they cite is current.

    The newest come first; ``MOST_LOOKED_AT`` answers at most. Of an answer that is good as a whole
    every citation counts that nobody called bad.
    """
    good = exists().where(feedback.c.answer_id == answers.c.id, feedback.c.verdict == "good")
    query = select(answers).where(good).order_by(answers.c.asked_at.desc(), answers.c.id)
    rows = kept_answers.all_of(connection, query.limit(MOST_LOOKED_AT))
    cited = {row.id: _good_points(connection, row) for row in rows}
    places = _places(connection, sorted({p for points in cited.values() for p in points}))
    found = [
        Praised(row.id, row.question, tuple(places[p] for p in cited[row.id] if p in places))
        for row in rows
    ]
    return [one for one in found if one.places]


def _good_points(connection: Connection, row: KeptAnswer) -> list[int]:
    verdicts = of_answer(connection, row.id)
    whole = verdicts.get(WHOLE)
    usual = "good" if whole is not None and whole.verdict == "good" else ""
    said = {number: verdict.verdict for number, verdict in verdicts.items()}
    return [p for c in row.citations if said.get(c.n, usual) == "good" for p in c.points]


def _places(connection: Connection, points: Sequence[int]) -> dict[int, GoodPlace]:
    query = (
        select(chunks.c.point, documents.c.path, chunks.c.page, chunks.c.section, chunks.c.text)
        .join(versions, versions.c.number == chunks.c.version)
        .join(documents, documents.c.id == versions.c.document_id)
        .where(among(chunks.c.point, points), versions.c.state == CURRENT)
    )
    return {row.point: GoodPlace(*row[1:]) for row in connection.execute(query)}


def is_to_review(connection: Connection, answer: KeptAnswer) -> bool:
    """Whether an answer abstained, or somebody called it or a citation of it bad."""
    bad = select(feedback.c.answer_id).where(
        feedback.c.answer_id == answer.id, feedback.c.verdict == "bad"
    )
    return bool(answer.mode == "abstained" or connection.execute(bad.limit(1)).first())


def settle(connection: Connection, answer_id: str, *, done: bool) -> None:
    """Take an answer off the list, or put it back."""
    connection.execute(
        update(answers).where(answers.c.id == answer_id).values(settled_at=now() if done else None)
    )
