"""What an exact thing is worth as evidence, and in quotations."""

import pytest

from kb.answers import exact
from kb.text.exact import of_question
from tests.parts.passages import passage

ROW = passage("Serial | Status | Location\nSN-012345 | ok | Shelf 3")


@pytest.mark.parametrize(
    ("question", "floor"),
    [
        ("Where is SN-012345 stored?", 0.1),
        ("What is the status of SN-012345?", 0.9),
        ("SN-012345", 0.9),
        ("Where is SN-012346 stored?", 0.0),
        ("Where is the serial stored?", 0.0),
    ],
)
def test_a_passage_with_it_may_answer_and_does_where_the_rest_is_met(question, floor):
    things = of_question(question)
    assert exact.floor(question, [passage("Nothing."), ROW], things, may=0.1, sure=0.9) == floor


def test_a_thing_that_many_passages_have_is_no_evidence():
    assert exact.floor("What is the status of SN-012345?", [ROW], (), may=0.1, sure=0.9) == 0.0
