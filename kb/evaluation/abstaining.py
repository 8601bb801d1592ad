"""Whether it is known what the documents do not say: two kinds of questions, measured apart.

Questions from outside (another set's), and near misses (the documents speak of the matter and do
not answer). Pure: confidences to figures and curves.
"""

import itertools
from collections.abc import Sequence
from typing import Any

ANSWERED = 0.95
"""The share of answerable questions that is to be answered when abstaining is compared."""
POINTS = 41
"""Parts into which the confidences of answerable questions are cut; a curve has a point at each
cut, and one at either end."""

Curve = list[tuple[float, float]]
"""Shares from 0 to 1: of answerable questions answered, and of the others abstained from."""


def figures(
    name: str, own: Sequence[float], others: Sequence[float], least: float
) -> dict[str, Any]:
    """What comes of ``others`` beside ``own`` where answers need a confidence of ``least``."""
    return {
        "name": name,
        "questions": len(others),
        "auc": round(area(own, others), 4),
        "abstained_at_95_answered": round(abstained(others, _threshold(own)), 4),
        "answered": round(1 - abstained(own, least), 4),
        "abstained": round(abstained(others, least), 4),
        "curve": [(round(a, 4), round(b, 4)) for a, b in curve(own, others)],
    }


def area(own: Sequence[float], others: Sequence[float]) -> float:
    """Under the curve: how often an answerable question is surer than another (ties: half)."""
    if not own or not others:
        return 0.0
    ordered = sorted([*((v, True) for v in own), *((v, False) for v in others)])
    total, below = 0.0, 0
    for _, group in itertools.groupby(ordered, key=lambda item: item[0]):
        kinds = [mine for _, mine in group]
        mine = sum(kinds)
        total += mine * (below + (len(kinds) - mine) / 2)
        below += len(kinds) - mine
    return total / (len(own) * len(others))


def abstained(values: Sequence[float], least: float) -> float:
    """The share below a threshold."""
    return sum(v < least for v in values) / len(values) if values else 0.0


def curve(own: Sequence[float], others: Sequence[float]) -> Curve:
    """The trade-off, from everything answered to nothing."""
    ordered = sorted(own)
    thresholds = [0.0]
    thresholds += [ordered[len(ordered) * n // POINTS] for n in range(1, POINTS) if ordered]
    thresholds.append(1.1)
    return [(1 - abstained(own, t), abstained(others, t)) for t in thresholds]


def _threshold(own: Sequence[float]) -> float:
    """The confidence that ``ANSWERED`` of the answerable questions reach."""
    ordered = sorted(own)
    return ordered[int(len(ordered) * (1 - ANSWERED))] if ordered else 0.0
