"""Two evaluations side by side: figures, and the questions that changed. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.evaluation import resampling
from kb.types.evaluations import QuestionResult

OURS = "commonplace"
CHANGED = 0.005
"""Difference of a question's value (0 to 1) above which it is told as a change."""
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
    """Questions of both evaluations whose value moved, the largest losses first."""
    found = [
        Change(old.id, old.question, _value(old), _value(new), old.got, new.got)
        for old, new in common(before, after)
        if abs(_value(old) - _value(new)) > CHANGED
    ]
    return sorted(found, key=lambda c: (c.after - c.before, c.id))


def common(
    before: Mapping[str, QuestionResult], after: Mapping[str, QuestionResult]
) -> list[tuple[QuestionResult, QuestionResult]]:
    """The questions that both evaluations asked, by id and words."""
    return [
        (old, after[key])
        for key, old in before.items()
        if key in after and after[key].question == old.question
    ]


@dataclass(frozen=True, slots=True)
class Compared:
    """A measure over the questions that both evaluations asked and to which it applies.

    ``low`` and ``high``: 95 % of the resampled mean differences (paired bootstrap).
    """

    name: str
    questions: int
    before: float
    after: float
    low: float
    high: float

    @property
    def beyond_chance(self) -> bool:
        """Whether the whole interval lies on one side of no difference."""
        return self.low > 0 or self.high < 0


def compared(pairs: Sequence[tuple[QuestionResult, QuestionResult]]) -> list[Compared]:
    """Each measure of questions that both asked, as :func:`common` gives them."""
    values: dict[str, list[tuple[float, float]]] = {}
    for old, new in pairs:
        left, right = _single(old), _single(new)
        for name in left:
            if name in right:
                values.setdefault(name, []).append((left[name], right[name]))
    return [_row(name, found) for name, found in values.items()]


def _row(name: str, found: Sequence[tuple[float, float]]) -> Compared:
    low, high = resampling.interval([after - before for before, after in found])
    before, after = (resampling.mean(side) for side in zip(*found, strict=True))
    return Compared(name, len(found), before, after, low, high)


def _single(result: QuestionResult) -> dict[str, float]:
    """A question's measures by name: of every system for a collection."""
    found: dict[str, float] = {}
    for name, value in result.figures.items():
        if isinstance(value, Mapping):
            found |= {f"{name} {inner}": float(v) for inner, v in value.items()}
        elif value is not None:
            found[name] = float(value)
    return found


def _value(result: QuestionResult) -> float:
    figures = result.figures.get(OURS, result.figures)
    return float(next((figures[n] for n in MAIN if figures.get(n) is not None), 0.0))
