"""What an exact thing is worth as evidence, and in quotations."""

import pytest

from kb.answers import exact
from kb.answers.evidence import Evidence
from kb.search.retrieval import Found
from kb.text.exact import of_question
from tests.parts.passages import passage

ROW = passage("Serial | Status | Location\nSN-012345 | ok | Shelf 3")
BY_LIKENESS = Evidence(0.2, 0.1, "a corpus")
MAY, SURE = Evidence(0.2, 1.0, "a corpus"), Evidence(1.0, 1.0, "a corpus")


@pytest.mark.parametrize(
    ("question", "evident"),
    [
        ("Where is SN-012345 stored?", MAY),
        ("What is the status of SN-012345?", SURE),
        ("SN-012345", SURE),
        ("Where is SN-012346 stored?", BY_LIKENESS),
        ("Where is the serial stored?", BY_LIKENESS),
    ],
)
def test_a_passage_with_it_may_answer_and_does_where_the_rest_is_met(question, evident):
    found = Found((passage("Nothing."), ROW), exact=of_question(question))
    assert exact.raised(BY_LIKENESS, question, found) == evident


def test_a_thing_that_many_passages_have_is_no_evidence():
    question = "What is the status of SN-012345?"
    assert exact.raised(BY_LIKENESS, question, Found((ROW,))) == BY_LIKENESS


def test_a_passage_without_another_thing_that_was_asked_for_does_not_answer_for_sure():
    question = "What is the status of SN-012345 on 5 March 2024?"
    serial = tuple(t for t in of_question(question) if t.kind == "code")
    assert exact.raised(BY_LIKENESS, question, Found((ROW,), exact=serial)) == MAY
