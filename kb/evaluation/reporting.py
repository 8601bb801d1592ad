"""Figures of an evaluation: the JSON of the commands, and what is kept of each question."""

from collections.abc import Iterable, Sequence
from typing import Any

from kb.evaluation import measures, resampling
from kb.evaluation.running import REFUSED, Measured, Outcome
from kb.evaluation.sets import EvaluationQuestion, Query
from kb.types.evaluations import QuestionResult

QUESTION_FIGURES = (
    "document_hit@1", "document_hit@5", "page_hit@1", "page_hit@5", "page_hit@10",
    "citation_page_precision", "citation_page_recall", "answer_in_quotes", "answered_answerable",
    "abstained_unanswerable", "shown_answerable", "shown_right", "sure_wrong", "sure_unanswerable",
    "far_outside",
)  # fmt: skip
MOST_SHOWN = 300
"""Characters of an answer that a report shows."""


def of_systems(measured: Sequence[Measured], queries: Sequence[Query]) -> dict[str, Any]:
    """The rows of a collection, over all questions and by the questions' language."""
    languages: dict[str, set[str]] = {}
    for query in queries:
        if query.language:
            languages.setdefault(query.language, set()).add(query.id)
    return {
        "rows": [m.row() for m in measured],
        "by_language": {
            language: [m.row(ids) for m in measured] for language, ids in sorted(languages.items())
        },
        "intervals": {
            m.system: [
                round(v, 4) for v in resampling.interval([q["ndcg@10"] for q in m.values.values()])
            ]
            for m in measured
        },
    }


def of_cut(questions: Iterable[Query | EvaluationQuestion]) -> dict[str, int]:
    """How many questions were longer than questions may be, where any was."""
    cut = sum(q.cut for q in questions)
    return {"questions_cut": cut} if cut else {}


def of_queries(measured: Sequence[Measured], queries: Sequence[Query]) -> list[QuestionResult]:
    """Each question with its measures by system."""
    return [
        QuestionResult(
            q.id,
            q.text,
            {m.system: {n: round(v, 4) for n, v in m.values[q.id].items()} for m in measured},
            "",
        )
        for q in queries
    ]


def of_outcomes(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Means over the questions to which each figure applies; None where it applies to none."""
    figures: dict[str, Any] = {"questions": len(outcomes)}
    for name in QUESTION_FIGURES:
        values = [o.figures[name] for o in outcomes if o.figures.get(name) is not None]
        applying = [v for v in values if v is not None]
        figures[name] = round(resampling.mean(applying), 4) if applying else None
    return figures | {
        "seconds": of_seconds([o.seconds for o in outcomes]),
        "failures": [_failure(o) for o in outcomes if _failed(o)],
        **of_cut(o.question for o in outcomes),
    }


def of_seconds(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    return {
        "p50": round(measures.percentile(seconds, 0.5), 4),
        "p95": round(measures.percentile(seconds, 0.95), 4),
    }


def of_questions(outcomes: Sequence[Outcome]) -> list[QuestionResult]:
    """Each question with its figures and what was answered."""
    return [QuestionResult(o.question.id, o.question.text, o.figures, _got(o)) for o in outcomes]


def _failed(outcome: Outcome) -> bool:
    figures = outcome.figures
    watched = (
        "document_hit@5",
        "answered_answerable",
        "abstained_unanswerable",
        "answer_in_quotes",
    )
    return any(figures.get(name) == 0.0 for name in watched)


def _failure(outcome: Outcome) -> dict[str, Any]:
    question = outcome.question
    places = [
        {"document": e.document, "page": e.page, "section": e.section} for e in question.evidence
    ]
    return {
        "id": question.id,
        "question": question.text,
        "expected": {
            "answers": list(question.answers),
            "documents": list(question.documents),
            "places": places,
            "unanswerable": question.unanswerable,
        },
        "got": _got(outcome),
    }


def _got(outcome: Outcome) -> str:
    if outcome.answer["mode"] == "abstained":
        return "Nothing was answered."
    if outcome.answer["mode"] == REFUSED:
        return f"It could not be asked: {outcome.answer['answer']}"
    places = "; ".join(
        c["document"] + (f", page {c['page']}" if c["page"] else "")
        for c in outcome.answer["citations"]
    )
    return f"{outcome.answer['answer'][:MOST_SHOWN]} ({places})"
