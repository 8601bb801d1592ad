"""Evaluations: how well passages and answers were found, in figures."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What came of a question: figures by system (or none), and what was found, in short."""

    id: str
    question: str
    figures: dict[str, Any]
    got: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A finished evaluation. ``kind`` is ``beir``, ``docs`` or ``own``; times are Unix seconds."""

    kind: str
    name: str
    settings: dict[str, Any]
    figures: dict[str, Any]
    started_at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class KeptEvaluation(Evaluation):
    """One that is in the catalog, under a number."""

    id: int


ASKED, RUNNING, STOPPING = "asked", "running", "stopping"
DONE, STOPPED, FAILED = "done", "stopped", "failed"
OPEN = (ASKED, RUNNING, STOPPING)
"""States that are no end. There is one such evaluation at most."""


@dataclass(frozen=True, slots=True)
class AskedEvaluation:
    """An evaluation that somebody asked for in the page. Times are Unix seconds.

    ``what`` names the set (``kb/evaluation/offered.py``); ``answers``: the language model writes
    too; ``drawn``: only so many questions, None: all. ``done`` of ``total`` questions are asked;
    while the documents are still being read, ``total`` is 0. ``error`` is why it failed.
    """

    id: int
    what: str
    answers: bool
    drawn: int | None
    state: str
    asked_by: str
    asked_at: float
    seen_at: float | None
    done: int
    total: int
    error: dict[str, Any] | None
    ended_at: float | None

    @property
    def is_open(self) -> bool:
        """Whether it goes on, or will."""
        return self.state in OPEN
