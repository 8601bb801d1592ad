"""Means, and how sure they are. Pure, and light: the pages load it."""

import random
from collections.abc import Sequence

RESAMPLES = 1000
"""Samples that are drawn for one interval (bootstrap)."""


def mean(values: Sequence[float]) -> float:
    """Mean; 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


def interval(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """95 % of the means of resampled values (percentile bootstrap; Efron, 1979)."""
    if not values:
        return 0.0, 0.0
    chance = random.Random(seed)  # noqa: S311 - no secret
    means = sorted(mean(chance.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return means[int(RESAMPLES * 0.025)], means[int(RESAMPLES * 0.975)]
