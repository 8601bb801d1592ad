"""The door to an answer."""

import pytest
from sqlalchemy import func, select

from kb.catalog.tables import answers, asked
from kb.errors import NotFoundError, UsageError
from kb.types.asking import Manner

QUESTION = "When does the ferry to the island leave?"


@pytest.mark.parametrize("question", ["", " \n", "x" * 2001])
def test_a_question_that_cannot_be_is_refused_before_anything_is_told(house, question):
    with pytest.raises(UsageError):
        house.kb.answers.asked(question, house.owner)


def test_nobody_goes_on_with_a_conversation_that_is_not_there(house):
    with pytest.raises(NotFoundError):
        house.kb.answers.asked("And then?", house.owner, "f" * 32)


def left(house) -> tuple[int, int]:
    """Answers that are kept, and questions that are noted or about to be."""
    with house.kb.catalog.reading() as connection:
        kept = connection.scalar(select(func.count()).select_from(answers))
        noted = connection.scalar(select(func.count()).select_from(asked))
    return kept, noted + house.kb.audit.waiting()


@pytest.fixture
async def ferry(house):
    house.follow()
    house.write("ferry.txt", "The ferry to the island leaves at seven in the morning.")
    await house.ingest()
    return house


async def test_what_is_measured_leaves_nothing_behind(ferry):
    manner = Manner(noted=False, with_model=False)
    answer = await ferry.kb.answers.answer(QUESTION, ferry.owner, manner=manner)
    await ferry.kb.search.passages(QUESTION, ferry.owner, noted=False)
    assert "seven" in answer.text
    assert left(ferry) == (0, 0)


async def test_without_the_model_it_is_quotations_whatever_is_connected(ferry):
    ferry.kb.__dict__["model"] = object()  # it would fail if it were asked
    answer = await ferry.kb.answers.answer(QUESTION, ferry.owner, manner=Manner(with_model=False))
    ferry.kb.__dict__["model"] = None
    assert (answer.mode, answer.notice.code) == ("quotes", "no_model")


async def test_a_question_asked_again_leans_on_nothing(ferry):
    first = await ferry.kb.answers.answer(QUESTION, ferry.owner)
    follow_up = await ferry.kb.answers.answer("And back?", ferry.owner, first.conversation)
    again = ferry.kb.answers.again(ferry.owner, follow_up.id)
    assert (again.question, again.turns) == (follow_up.asked_as, ())
    assert again.conversation == first.conversation
