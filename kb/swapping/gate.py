"""The gate: old and new, question by question; what is lost beyond chance. Pure.

Each measure's differences between both, of the same questions, are resampled (paired bootstrap,
:func:`kb.evaluation.resampling.interval`). A measure is lost where the whole interval lies below
zero and at least ``FEWEST`` questions came out worse: a resampling of fewer says nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.evaluation import resampling
from kb.evaluation.running import Outcome

COMPARED = (
    "document_hit@1", "document_hit@5", "page_hit@1", "page_hit@5", "answered_answerable",
    "citation_page_precision", "citation_page_recall", "answer_in_quotes", "abstained_unanswerable",
)  # fmt: skip
FEWEST = 4
"""Fewest questions that came out worse for a loss to count."""
CHANGED = 0.005
"""Difference of a question's figure (0 to 1) above which it counts as better or worse."""
MOST_SHOWN = 100
"""Questions that came out otherwise, of each set, that are kept."""
OWN, SHIPPED = "own", "shipped"


@dataclass(frozen=True, slots=True)
class ComparedQuestion:
    """A question's figures by name, before and after; None where one does not apply."""

    id: str
    question: str
    before: Mapping[str, float | None]
    after: Mapping[str, float | None]


def pairs(before: Sequence[Outcome], after: Sequence[Outcome]) -> list[ComparedQuestion]:
    """Outcomes of the same questions, in the same order."""
    return [
        ComparedQuestion(b.question.id, b.question.text, b.figures, a.figures)
        for b, a in zip(before, after, strict=True)
    ]


def compared(name: str, found: Sequence[ComparedQuestion]) -> dict[str, Any]:
    """One set of questions: a row a measure, and the questions that came out otherwise."""
    rows = [row for measure in COMPARED if (row := _row(measure, found)) is not None]
    return {"name": name, "questions": len(found), "rows": rows, "changed": _changed(found)}


def decided(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A comparison over sets (each as :func:`compared` gives it), and what is lost by it."""
    sets = {"sets": list(found)}
    return {**sets, "lost": lost(sets)}


def lost(gate: Mapping[str, Any]) -> list[str]:
    """The measures that are lost beyond chance, as ``set: measure``."""
    return [
        f"{one['name']}: {row['measure']}"
        for one in gate["sets"]
        for row in one["rows"]
        if row["lost"]
    ]


def _row(measure: str, found: Sequence[ComparedQuestion]) -> dict[str, Any] | None:
    """A measure over the questions to which it applies before and after; None: to none."""
    both = [
        (b, a)
        for pair in found
        if (b := pair.before.get(measure)) is not None
        and (a := pair.after.get(measure)) is not None
    ]
    if not both:
        return None
    differences = [a - b for b, a in both]
    low, high = resampling.interval(differences)
    worse = sum(d < -CHANGED for d in differences)
    return {
        "measure": measure,
        "questions": len(both),
        "before": round(resampling.mean([b for b, _ in both]), 4),
        "after": round(resampling.mean([a for _, a in both]), 4),
        "difference": round(resampling.mean(differences), 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "better": sum(d > CHANGED for d in differences),
        "worse": worse,
        "lost": high < 0 and worse >= FEWEST,
    }


def _changed(found: Sequence[ComparedQuestion]) -> list[dict[str, Any]]:
    """The questions that came out otherwise, the largest losses first."""
    changed = [one for pair in found if (one := _change(pair)) is not None]
    return sorted(changed, key=lambda one: sum(one["differences"].values()))[:MOST_SHOWN]


def _change(pair: ComparedQuestion) -> dict[str, Any] | None:
    differences = {
        name: round(after - before, 4)
        for name in COMPARED
        if (before := pair.before.get(name)) is not None
        and (after := pair.after.get(name)) is not None
        and abs(after - before) > CHANGED
    }
    if not differences:
        return None
    return {"id": pair.id, "question": pair.question, "differences": differences}
