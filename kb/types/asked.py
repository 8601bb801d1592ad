"""What is asked here, in figures: without who asked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frequent:
    """A question, how often it was asked, and when last (seconds since the epoch)."""

    question: str
    times: int
    last: float


@dataclass(frozen=True, slots=True)
class AskedLately:
    """The questions of some days.

    ``days``: of each its number since the epoch, all questions, and those unanswered; ``frequent``
    and ``missing`` (those that found nothing): the most frequent first; ``by_source``: for how many
    each source had a passage.
    """

    days: list[tuple[int, int, int]]
    frequent: list[Frequent]
    missing: list[Frequent]
    by_source: dict[str, int]
