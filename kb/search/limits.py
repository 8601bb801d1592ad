"""What may be asked: how long a question is, how many hits. Pure."""

from kb.errors import UsageError
from kb.text.pathnames import composed

MAX_QUESTION = 2000
"""Characters of a question, with what it is widened by."""
MAX_LIMIT = 100
"""Most passages that one search may ask for."""


def check_question(question: str) -> str:
    """The question without white space around it, its accents composed (Unicode's NFC).

    Raises:
        UsageError: it is empty or too long.
    """
    stripped = composed(" ".join(question.split()))
    if not stripped:
        raise UsageError("The question is empty.", code="empty_question")
    if len(stripped) > MAX_QUESTION:
        raise UsageError(
            "The question has {count} characters; {limit} are allowed.",
            code="question_too_long",
            detail={"limit": MAX_QUESTION, "count": len(stripped)},
        )
    return stripped


def check_limit(limit: int, highest: int = MAX_LIMIT) -> int:
    """The limit itself.

    Raises:
        UsageError: it is out of range.
    """
    if not 1 <= limit <= highest:
        raise UsageError(
            "The limit is {limit}; it goes from 1 to {highest}.",
            code="limit_out_of_range",
            detail={"lowest": 1, "highest": highest, "limit": limit},
        )
    return limit
