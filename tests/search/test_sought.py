"""What people write in the box is read in one place, for searches and answers alike."""

import pytest

from kb.errors import UsageError
from kb.search import sought
from kb.search.sought import Sought
from kb.text.queries import Wanted

PDFS = Wanted(types=("pdf",))


@pytest.mark.parametrize(
    ("question", "wanted", "found"),
    [
        ("leave type:pdf", Wanted(), Sought("leave", PDFS)),
        ("leave", PDFS, Sought("leave", PDFS)),
        ("leave type:web", PDFS, Sought("leave", Wanted(types=("web",)))),
        ('"paid  leave"', Wanted(), Sought("paid leave", Wanted(phrases=("paid leave",)))),
        ("type:pdf", Wanted(), Sought("", PDFS)),
        ("  ", PDFS, Sought("", PDFS)),
    ],
)
def test_a_search_has_the_filters_beside_the_box_and_in_it(question, wanted, found):
    assert sought.in_a_search(question, wanted) == found


@pytest.mark.parametrize("question", ["", "  ", "x" * 2001, "leave after:soon"])
def test_what_cannot_be_searched_for_is_refused(question):
    with pytest.raises(UsageError):
        sought.in_a_search(question)


def test_words_alone_are_words():
    assert sought.in_words_alone('"paid" type:pdf  -not') == Sought('"paid" type:pdf -not')


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ('Who said "no" to type:pdf files?', Sought("Who said no to files?", PDFS)),
        ("type:pdf", Sought("type:pdf", PDFS)),
    ],
)
def test_in_a_sentence_quotation_marks_are_no_order(question, found):
    assert sought.in_a_sentence(question) == found
