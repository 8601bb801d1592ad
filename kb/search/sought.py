"""A question as it is searched for: its words, and what narrows the search. Pure.

The one place where what people write in the box is read, for searches, counts and answers alike:
nothing else calls :func:`kb.text.queries.parse` (``tests/house/test_ways.py``).
"""

from dataclasses import dataclass

from kb.search.limits import check_question
from kb.text import queries
from kb.text.queries import EVERYTHING, Wanted


@dataclass(frozen=True, slots=True)
class Sought:
    """Words to search for, and which passages are wanted. Without words: the last changed ones."""

    words: str
    wanted: Wanted = EVERYTHING


def in_a_search(question: str, wanted: Wanted = EVERYTHING) -> Sought:
    """With the filters chosen beside the box; those written in it count more.

    Raises:
        UsageError: there are neither words nor filters, they are too long, or a filter cannot be.
    """
    words, every = _read(question, wanted)
    if not words and every != EVERYTHING:
        return Sought("", every)
    return Sought(check_question(words), every)


def filters(question: str, wanted: Wanted) -> Wanted:
    """The filters chosen beside the box and those written in it, which count more; no words.

    Raises:
        UsageError: a filter in the question cannot be.
    """
    return _read(question, wanted)[1]


def in_words_alone(question: str, wanted: Wanted = EVERYTHING) -> Sought:
    """A question out of which nothing is read: every word is searched for.

    Raises:
        UsageError: it is empty or too long.
    """
    return Sought(check_question(question), wanted)


def in_a_sentence(question: str) -> Sought:
    """A question to be answered, which has been checked: quotation marks are no order in it.

    Raises:
        UsageError: a filter in it cannot be.
    """
    words, wanted = _read(question)
    return Sought(words or question, wanted.softened())


def _read(question: str, chosen: Wanted = EVERYTHING) -> tuple[str, Wanted]:
    """The words of a question, and its filters over those chosen beside the box."""
    words, written = queries.parse(question)
    return words, queries.both(chosen, written)
