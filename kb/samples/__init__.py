"""Sample documents of an invented organisation, and questions with their answers."""

from pathlib import Path


def documents() -> Path:
    """The folder of sample documents."""
    return Path(__file__).parent / "docs"


def questions() -> Path:
    """Questions, one JSON object a line: question, answers, evidence."""
    return Path(__file__).parent / "questions.jsonl"
