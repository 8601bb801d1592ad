"""The door to an answer."""

import msgspec
import pytest
from sqlalchemy import func, select

from kb.answers.asking import finished
from kb.catalog import answers as kept_answers
from kb.catalog.tables import answers, asked
from kb.errors import NotFoundError, UsageError
from kb.types.asking import Manner
from kb.types.kept import KeptNotice

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


async def test_a_question_asked_again_is_searched_for_with_the_same_words(ferry):
    first = await ferry.kb.answers.answer(QUESTION, ferry.owner)
    follow_up = await ferry.kb.answers.answer("And back?", ferry.owner, first.conversation)
    again = ferry.kb.answers.again(ferry.owner, follow_up.id)
    assert (again.question, again.asked_as, again.turns) == ("And back?", follow_up.asked_as, ())
    assert again.conversation == first.conversation
    answer = await finished(ferry.kb.answers.ask(again))
    assert (answer.question, answer.asked_as) == ("And back?", follow_up.asked_as)


async def test_a_cut_answer_goes_on_with_its_own_question_and_passages(ferry):
    ferry.write("bus.txt", "The bus to the harbour leaves at nine in the morning.")
    await ferry.ingest()
    first = await ferry.kb.answers.answer(QUESTION, ferry.owner)
    question = "And back? name:ferry"
    follow_up = await ferry.kb.answers.answer(question, ferry.owner, first.conversation)
    assert follow_up.asked_as and follow_up.asked_as != question
    with ferry.kb.catalog.writing() as connection:
        row = kept_answers.by_id(connection, follow_up.id)
        kept_answers.remove(connection, row.id)
        kept_answers.keep(connection, msgspec.structs.replace(row, notice=KeptNotice("cut", {})))
    goes_on = ferry.kb.answers.go_on(ferry.owner, follow_up.id)
    assert goes_on.question == question, "it stands in the conversation as it was asked"
    assert goes_on.asked_as == follow_up.asked_as
    assert [p.points for p in goes_on.passages] == [p.points for p in follow_up.passages]
    assert {p.chunk.path for p in goes_on.passages} == {"ferry.txt"}
    ferry.write("ferry.txt", "The ferry to the island leaves at eight in the morning by now.")
    await ferry.ingest()
    with pytest.raises(NotFoundError):
        ferry.kb.answers.go_on(ferry.owner, follow_up.id)
