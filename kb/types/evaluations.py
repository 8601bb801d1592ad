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
