"""What may be asked."""

import pytest

from kb.errors import UsageError
from kb.search import limits


@pytest.mark.case("S62")
@pytest.mark.parametrize("question", ["", "   ", "x" * 2001, "y" * 1_000_000])
def test_questions_that_cannot_be_asked(question):
    with pytest.raises(UsageError):
        limits.check_question(question)


@pytest.mark.case("S62")
@pytest.mark.parametrize("limit", [0, -1, 101, 10**9])
def test_limits_out_of_range(limit):
    with pytest.raises(UsageError):
        limits.check_limit(limit)
