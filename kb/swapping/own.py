"""The organisation's own questions, of which it is known where the answer stands.

People have named right passages, pinned answers, and called answers or citations good.
"""

from collections.abc import Iterable

from kb.catalog import feedback, keeping
from kb.catalog.database import Connection
from kb.evaluation import sets
from kb.evaluation.sets import AnswerPlace, EvaluationQuestion
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.search.limits import MAX_QUESTION
from kb.types.opinions import Praised

MOST = 400
"""Questions that are asked: enough for intervals of a few hundredths, and minutes of work."""


def own_questions(base: KnowledgeBase) -> list[EvaluationQuestion]:
    """Each question once: by its right passages, else its pin, else what was called good."""
    owner = access.owner()
    judged = sets.of_judged(base.opinions.judged(owner))
    with base.catalog.reading() as connection:
        pinned = _pinned(connection)
        praised = [_praised(one) for one in feedback.praised(connection)]
    found: dict[str, EvaluationQuestion] = {}
    for question in (*judged, *pinned, *praised):
        found.setdefault(_folded(question.text), question)
    return sets.sample(_askable(found.values()), MOST, 0)


def _pinned(connection: Connection) -> list[EvaluationQuestion]:
    return [
        _question(f"pin-{pin.id}", pin.question, (pin.path,), ())
        for pin in keeping.pinned(connection, access.owner())
    ]


def _praised(one: Praised) -> EvaluationQuestion:
    evidence = tuple(AnswerPlace(p.path, p.page, p.section, p.text) for p in one.places)
    paths = tuple(dict.fromkeys(p.path for p in one.places))
    return _question(f"answer-{one.id}", one.question, paths, evidence)


def _question(
    number: str, text: str, documents: tuple[str, ...], evidence: tuple[AnswerPlace, ...]
) -> EvaluationQuestion:
    return EvaluationQuestion(number, text, "", (), documents, evidence, unanswerable=False)


def _askable(questions: Iterable[EvaluationQuestion]) -> list[EvaluationQuestion]:
    return [q for q in questions if q.text.strip() and len(q.text) <= MAX_QUESTION]


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
