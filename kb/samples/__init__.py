"""Sample documents of an invented organisation, and questions with their answers."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SampleQuestion:
    """A question that samples answer: the first of ``documents`` (paths) alone, as a rule."""

    question: str
    language: str
    documents: tuple[str, ...]


def documents() -> Path:
    """The folder of sample documents."""
    return Path(__file__).parent / "docs"


def questions() -> Path:
    """Questions, one JSON object a line: question, answers, evidence."""
    return Path(__file__).parent / "questions.jsonl"


@cache
def answerable() -> tuple[SampleQuestion, ...]:
    """The questions that the samples answer, in the order of the file."""
    rows = map(json.loads, questions().read_text(encoding="utf-8").splitlines())
    return tuple(
        SampleQuestion(row["question"], row["lang"], tuple(row["docs"]))
        for row in rows
        if not row["unanswerable"]
    )
