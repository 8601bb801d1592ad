"""Two evaluations side by side: figures, and the questions that changed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kb.types.evaluations import QuestionResult

OURS = "commonplace"
CHANGED = 0.005
MAIN = ("ndcg@10", "answer_in_quotes", "page_hit@5", "document_hit@5", "abstained_unanswerable")


@dataclass(frozen=True, slots=True)
class Change:
    """A question that came out otherwise."""

    id: str
    question: str
    before: float
    after: float
    got_before: str
    got_after: str


def headline(figures: Mapping[str, Any]) -> tuple[str, float] | None:
    """The one figure that stands for an evaluation: its name and value."""
    values = flat(figures)
    return next(((n, values[n]) for n in (*(f"{OURS} ndcg@10",), *MAIN) if n in values), None)


def flat(figures: Mapping[str, Any]) -> dict[str, float]:
    """Shares by name: of every system for a collection, of the questions else."""
    if "rows" in figures:
        return {
            f"{row['system']} {name}": row[name]
            for row in figures["rows"]
            for name in ("ndcg@10", "recall@10", "recall@100", "mrr")
        }
    return {
        n: v
        for n, v in figures.items()
        if isinstance(v, int | float) and n not in ("questions", "evaluation")
    }


def changes(
    before: Mapping[str, QuestionResult], after: Mapping[str, QuestionResult]
) -> list[Change]:
    """Questions, by id, of both evaluations whose value moved, the largest losses first."""
    found = [
        Change(key, old.question, _value(old), _value(after[key]), old.got, after[key].got)
        for key, old in before.items()
        if key in after and abs(_value(old) - _value(after[key])) > CHANGED
    ]
    return sorted(found, key=lambda c: (c.after - c.before, c.id))


def _value(result: QuestionResult) -> float:
    figures = result.figures.get(OURS, result.figures)
    return float(next((figures[n] for n in MAIN if figures.get(n) is not None), 0.0))
