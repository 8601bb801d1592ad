"""Where a passage is shown from: its sentence nearest in meaning, and nothing that says nothing."""

from array import array

import pytest

from kb.answers import excerpts
from kb.embedding.questions import QueryVector
from kb.embedding.scale import AS_IT_IS
from tests.parts.passages import passage

ASKED = "Does my ticket for the holidays lapse?"
NEAR, FAR, AGAINST = (0.9, 0.4), (0.1, 1.0), (-0.8, 0.6)
BY = QueryVector(array("f", (1.0, 0.0)).tobytes(), 1.0, AS_IT_IS)
FIRST = "Bicycles\n\nWheels are oiled in May. Chains are changed in June.\n\nBells ring."
SECOND = "Dogs sleep at noon. Cats are awake by then."
TABLE = "Bus | Work\n4711 | Gearbox replaced\n4712 | \n4713 | Tyres changed"
FAQ = "Question | Answer\nWho mends lifts? | Ask Jo.\nWho mends roofs? | Ask Kim."


def shown(texts, vectors):
    """What stands at the place of each passage, where sentences have vectors by what they say."""
    passages = [passage(text, (n + 1) << 20) if text else None for n, text in enumerate(texts)]
    compared = excerpts.sentences(passages)
    given = [array("f", vectors.get(c.text, FAR)).tobytes() for c in compared]
    places = excerpts.nearest(ASKED, BY, compared, given)
    return [passages[n].text[slice(*places[n])] if n in places else None for n in range(len(texts))]


def test_of_each_passage_the_sentence_whose_vector_is_nearest():
    vectors = {"Chains are changed in June.": NEAR, "Dogs sleep at noon.": NEAR}
    assert shown([FIRST, SECOND], vectors) == ["Chains are changed in June.", "Dogs sleep at noon."]
    vectors = {"Bells ring.": (0.5, 0.9), "Wheels are oiled in May.": NEAR}
    assert shown([FIRST], vectors) == ["Wheels are oiled in May."]


def test_where_no_sentence_is_nearer_than_an_unrelated_one_there_is_none():
    every = dict.fromkeys(["Dogs sleep at noon.", "Cats are awake by then."], AGAINST)
    assert shown([SECOND, FIRST], every | {"Bells ring.": NEAR}) == [None, "Bells ring."]


def test_a_passage_that_is_not_there_moves_no_other():
    vectors = {"Chains are changed in June.": NEAR}
    assert shown([None, FIRST], vectors) == [None, "Chains are changed in June."]


def test_headings_names_of_columns_and_lone_cells_are_never_shown():
    told = {c.text for c in excerpts.sentences([passage(FIRST), passage(TABLE)])}
    assert told >= {"Wheels are oiled in May.", "4711 | Gearbox replaced", "4713 | Tyres changed"}
    assert not [one for one in told if one == "Bicycles" or one.startswith(("Bus", "4712"))]


def test_nor_are_headings_of_many_words_first_lines_and_those_of_sections():
    text = "Report on the state of halls\n\nDry rot and what to do\n\nHall 2 is dry."
    one = passage(text, section="Reports › Dry rot and what to do")
    assert [c.text for c in excerpts.sentences([one])] == ["Hall 2 is dry."]


def test_of_a_row_with_a_question_the_whole_row_is_shown():
    assert shown([FAQ], {"Ask Kim.": NEAR}) == ["Who mends roofs? | Ask Kim."]


@pytest.mark.parametrize(("sentences", "compared"), [(30, 4), (120, 1), (121, 0)])
def test_so_many_sentences_are_compared_those_of_the_first_passages(sentences, compared):
    """A passage whose sentences would be too many has no place, rather than one among some."""
    text = " ".join(f"Row {n} is painted green." for n in range(sentences))
    passages = [passage(text, (n + 1) << 20) for n in range(10)]
    found = excerpts.sentences(passages)
    assert sorted({c.rank for c in found}) == list(range(compared))
    assert len(found) == sentences * compared
