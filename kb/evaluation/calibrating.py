"""Fits the constants of evidence to questions whose answers are known. Pure: readings to weights.

Two logistic regressions (with a little ridge), each judged on documents that took no part in its
fit, and the borders by what is aimed at (docs/retrieval.md, Evidence).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.answers.calibration import Calibration, Weighed
from kb.errors import UsageError
from kb.evaluation import resampling

SURE = ("near", "words", "titled", "met", "least", "elsewhere")
NEAR = ("near", "cosine", "beyond", "apart", "least", "elsewhere")
"""Which readings each of the two weighs."""
AGAINST = frozenset({"elsewhere"})
"""Readings that speak against an answer: where a fit has one speak for it, that is chance, and the
reading is left out."""
FEWEST = 30
"""Questions with an answer, below which weights would be chance."""
FOLDS, RIDGE, STEPS = 5, 1.0, 50
"""Parts of the documents of which each is held out in turn; how strongly weights are held small
(ridge); and most steps of Newton's method."""
SHOWN = 0.95
"""Of the answerable questions with a right passage among the first five: so many are shown."""
MOST_WRONG, MOST_UNANSWERABLE = 0.05, 0.10
"""Of answerable questions, so many may get wrong quotations presented as sure; and so many of
those that the documents do not answer may be presented as sure."""
Matrix = NDArray[np.floating[Any]]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Observed:
    """A question's readings, and what is known of its answer.

    ``answerable``: the documents answer it; ``outside``: they do not speak of its matter at all.
    ``right``: a quotation that would be shown is at a place of the answer; ``there``: one of the
    first five passages is. ``document`` is what is left out together; ``corpus`` its set.
    """

    readings: Mapping[str, float]
    answerable: bool
    outside: bool
    right: bool
    there: bool
    document: str
    corpus: str
    strange: bool = False
    """Whether the question comes from another set."""


def fitted(models: Sequence[str], observed: Sequence[Observed]) -> Calibration:
    """The constants for some models (by their fingerprints), with what they came to.

    The figures and both borders are of values for documents that were left out.

    Raises:
        UsageError: too few of the questions have an answer: weights would be chance.
    """
    count = sum(one.answerable for one in observed)
    if count < FEWEST:
        raise UsageError(
            f"{count} of the questions with a known answer are in a language that a model knows "
            f"and find anything; {FEWEST} are needed. Name more questions, or a model that knows "
            "their language (kb models list).",
            code="too_few_questions",
            detail={"questions": count, "needed": FEWEST},
        )
    by_sure, by_near = _telling(observed, SURE, _right), _telling(observed, NEAR, _near)
    sure_values = _left_out(observed, by_sure, _right)
    near_values = _left_out(observed, by_near, _near)
    sure_border = _sure_border(observed, sure_values)
    near_border = _near_border(observed, near_values)
    return Calibration(
        models=tuple(models),
        corpora=tuple(dict.fromkeys(one.corpus for one in observed)),
        questions=len(observed),
        sure=_weighed(observed, by_sure, _right, sure_border),
        near=_weighed(observed, by_near, _near, near_border),
        figures=figures(observed, sure_values >= sure_border, near_values >= near_border),
    )


def figures(observed: Sequence[Observed], sure: Truth, near: Truth) -> dict[str, float]:
    """What comes of questions that are ``sure``, and whose matter is ``near``."""
    answerable, outside = _all(observed, "answerable"), _all(observed, "outside")
    right, there = _all(observed, "right"), _all(observed, "there")
    shown = sure | near
    return {
        "shown_answerable": _share(shown, answerable & there),
        "shown_right": _share(shown & right, answerable & there),
        "sure_answerable": _share(sure, answerable),
        "sure_wrong": _share(sure & ~right, answerable),
        "sure_unanswerable": _share(sure, _unanswerable(observed)),
        "far_outside": _share(~shown, outside),
    }


def _unanswerable(observed: Sequence[Observed]) -> Truth:
    """What the documents do not answer, of the sets' own; other sets' where these have none."""
    others = ~_all(observed, "answerable")
    own = others & ~_all(observed, "strange")
    return own if own.any() else others


def _share(which: Truth, of: Truth) -> float:
    return round(float(resampling.mean([float(value) for value in which[of]])), 4)


def _all(observed: Sequence[Observed], name: str) -> Truth:
    return np.array([getattr(one, name) for one in observed], dtype=bool)


def _right(one: Observed) -> bool | None:
    return one.right


def _near(one: Observed) -> bool | None:
    """Near misses take no part: the documents speak of their matter, and nobody wants them."""
    return one.answerable if one.answerable or one.outside else None


def _telling(observed: Sequence[Observed], names: Sequence[str], truth: Any) -> tuple[str, ...]:
    """The readings of which none speaks for an answer that speaks against one."""
    weights = _fit(*_known(observed, names, truth))
    pairs = zip(names, weights, strict=False)  # the constant is the last weight
    return tuple(name for name, weight in pairs if name not in AGAINST or weight < 0)


def _left_out(observed: Sequence[Observed], names: Sequence[str], truth: Any) -> Matrix:
    """Each question's value by a fit without the documents of its fold."""
    folds = np.array([_fold(one.document) for one in observed])
    found = np.zeros(len(observed))
    readings = _matrix(observed, names)
    for fold in range(FOLDS):
        held = folds == fold
        others = [one for one, out in zip(observed, held, strict=True) if not out]
        weights = _fit(*_known(others, names, truth))
        found[held] = _values(readings[held], weights)
    return found


def _fold(document: str) -> int:
    return int(hashlib.sha256(document.encode("utf-8", "surrogatepass")).hexdigest(), 16) % FOLDS


def _known(observed: Sequence[Observed], names: Sequence[str], truth: Any) -> tuple[Matrix, Matrix]:
    """Readings and truths of the questions of which the truth is known."""
    taken = [one for one in observed if truth(one) is not None]
    return _matrix(taken, names), np.array([float(truth(o)) for o in taken])


def _matrix(observed: Sequence[Observed], names: Sequence[str]) -> Matrix:
    return np.array([[o.readings[n] for n in names] for o in observed]).reshape(-1, len(names))


def _fit(readings: Matrix, truth: Matrix) -> Matrix:
    """Weights and, last, the constant, by Newton's method on standardised readings."""
    mean, spread = readings.mean(axis=0), readings.std(axis=0) + 1e-9
    design = np.hstack([(readings - mean) / spread, np.ones((len(readings), 1))])
    ridge = RIDGE * np.diag([*([1.0] * readings.shape[1]), 1e-6])
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (truth - chance) - ridge @ weights
        bend = (design * (chance * (1 - chance))[:, None]).T @ design + ridge
        step = np.linalg.solve(bend, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    plain = weights[:-1] / spread
    return np.append(plain, weights[-1] - plain @ mean)


def _values(readings: Matrix, weights: Matrix) -> Matrix:
    values: Matrix = readings @ weights[:-1] + weights[-1]
    return values


def _weighed(
    observed: Sequence[Observed], names: Sequence[str], truth: Any, border: float
) -> Weighed:
    """Fitted to all, with the border where the function is .5."""
    weights = _fit(*_known(observed, names, truth))
    named = {n: round(float(w), 4) for n, w in zip(names, weights[:-1], strict=True)}
    return Weighed(weights=named, bias=round(float(weights[-1]) - border, 4))


def _corpora(observed: Sequence[Observed], values: Matrix) -> list[tuple[list[Observed], Matrix]]:
    names = np.array([one.corpus for one in observed])
    parts = [names == name for name in dict.fromkeys(names.tolist())]
    return [
        ([one for one, mine in zip(observed, part, strict=True) if mine], values[part])
        for part in parts
    ]


def _sure_border(observed: Sequence[Observed], values: Matrix) -> float:
    """The lowest at which in no corpus too many wrong answers are sure, or unanswerable ones."""
    return max(_sure_border_of(*part) for part in _corpora(observed, values))


def _sure_border_of(observed: Sequence[Observed], values: Matrix) -> float:
    answerable, right = _all(observed, "answerable"), _all(observed, "right")
    others = _unanswerable(observed)
    for border in np.unique(values):
        sure = values >= border
        wrong, unanswerable = _share(sure & ~right, answerable), _share(sure, others)
        if wrong <= MOST_WRONG and unanswerable <= MOST_UNANSWERABLE:
            return float(border)
    return float(values.max()) + 1.0


def _near_border(observed: Sequence[Observed], values: Matrix) -> float:
    """The highest at which in each corpus enough of what could be answered is shown."""
    return min(_near_border_of(*part) for part in _corpora(observed, values))


def _near_border_of(observed: Sequence[Observed], values: Matrix) -> float:
    there = _all(observed, "answerable") & _all(observed, "there")
    if not there.any():
        return float(values.min())
    return float(np.quantile(values[there], 1 - SHOWN, method="lower"))
