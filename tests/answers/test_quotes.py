"""The documents' own words: as many sentences as answer, whole ones, and no headings."""

import pytest

from kb.answers import quotes, rows, stretches
from kb.text import exact, words
from tests.parts.passages import passage

TEXT = (
    "Leave\n\nEvery full-time employee has 28 days of paid leave a year. It lapses on 31 March of the next year.\n\n"
    "What about part-time staff?\n\nThey have less.\n\nmillion"
)


def texts(chosen):
    return [" ".join(c.text.split()) for c in chosen]


def test_headings_questions_and_fragments_are_not_quoted():
    told = texts(quotes.candidates_of((passage(TEXT),)))
    assert "Every full-time employee has 28 days of paid leave a year." in told
    assert not {"Leave", "What about part-time staff?", "million"} & set(told)


def test_where_there_is_nothing_else_a_fragment_is_quoted():
    assert texts(quotes.candidates_of((passage("28 days"),))) == ["28 days"]


def test_a_further_sentence_needs_a_score_near_the_best():
    told = quotes.candidates_of(
        (passage("One is here now. Two is there now. Three is nowhere now. Four is lost."),)
    )
    assert texts(quotes.best([0.9, 0.2, 0.1, 0.3], told)) == ["One is here now."]
    assert len(quotes.best([0.9, 0.8, 0.85, 0.7], told)) == 3


def test_the_best_is_quoted_however_poor_it_is():
    told = quotes.candidates_of((passage("One is here now. Two is there now."),))
    assert texts(quotes.best([-0.2, -0.3], told)) == ["One is here now."]


def test_a_further_sentence_may_speak_of_what_the_best_leaves():
    told = quotes.candidates_of((passage("Staff get 28 days. Guests get none. The lift is new."),))
    shown = quotes.best([0.9, 0.2, 0.1], told, words.content("days for staff and guests"))
    assert texts(shown) == ["Staff get 28 days.", "Guests get none."]


def test_but_not_where_it_has_the_word_alone_and_is_about_something_else():
    told = quotes.candidates_of((passage("Staff get 28 days. Guests are to use the lift."),))
    shown = quotes.best([0.9, -0.1], told, words.content("days for staff and guests"))
    assert texts(shown) == ["Staff get 28 days."]


def test_the_names_of_columns_are_not_quoted_where_a_table_goes_on_under_them():
    parts = "No. | Text\n1 | Leave is 28 days.\nNo. | Text\n2 | Guests have none."
    assert texts(quotes.candidates_of((passage(parts),))) == [
        "1 | Leave is 28 days.", "2 | Guests have none.",
    ]  # fmt: skip


def test_a_sentence_that_begins_with_a_pronoun_takes_the_one_before_it():
    told = quotes.candidates_of((passage(TEXT),))
    scores = [1.0 if c.text.startswith("It lapses") else 0.0 for c in told]
    assert texts(quotes.best(scores, told)) == [
        "Every full-time employee has 28 days of paid leave a year. It lapses on 31 March of the next year."
    ]


def test_over_a_paragraphs_end_it_does_not():
    told = quotes.candidates_of((passage(TEXT),))
    scores = [1.0 if c.text.startswith("They have") else 0.0 for c in told]
    assert texts(quotes.best(scores, told))[0] == "They have less."


TABLE = (
    "Work done in spring.\nBus | Work | Date\n4711 | Gearbox replaced. Tested at once. | 2 May\n"
    "4712 |  | \n4713 | Tyres | 3 May\n"
)


def test_a_row_is_quoted_as_its_columns_with_their_values():
    """Whatever sentences end within a cell; a row with one value says nothing, nor do names."""
    found = {c.said for c in quotes.candidates_of((passage(TABLE),))}
    assert "Bus: 4711; Work: Gearbox replaced. Tested at once.; Date: 2 May" in found
    assert "Bus: 4713; Work: Tyres; Date: 3 May" in found
    assert not [said for said in found if "4712" in said or said.startswith("Bus | ")]
    assert "Work done in spring." in found


@pytest.mark.parametrize(
    "text", ["Home | About us | Contact", "1 | 2\n3 | 4", "A | B\nC | D | E\nF and G | are words"]
)
def test_lines_with_bars_that_have_no_columns_are_quoted_as_they_stand(text):
    line = text.split("\n")[-1]
    start = text.rindex(line)
    assert rows.said(text, start, len(text)) == line


FAQ = "How do I reset my password?\n\nCall the desk.\n\nWho repairs the lift?\n\nThe caretaker."


def test_an_answer_stands_with_the_question_before_it():
    told = quotes.candidates_of((passage(FAQ),))
    assert [(c.answers, c.text) for c in told] == [
        ("How do I reset my password?", "Call the desk."),
        ("Who repairs the lift?", "The caretaker."),
    ]


def test_of_a_row_with_a_question_the_answer_is_quoted():
    rows = "Question | Answer\nWho repairs the lift? | The caretaker, on weekdays."
    told = quotes.candidates_of((passage(rows),))
    assert ("Who repairs the lift?", "The caretaker, on weekdays.") in [
        (c.answers.rpartition("\n")[2], c.text) for c in told
    ]
    assert not any(c.text.endswith("?") or c.text == "Question | Answer" for c in told)


def test_an_answer_in_a_row_is_quoted_however_short_it_is():
    rows = (
        "Please read this list before you call us.\n\nQuestion | Answer\nHow many days? | 25 days"
    )
    told = quotes.candidates_of((passage(rows),))
    assert ("How many days?", "25 days") in [(c.answers, c.text) for c in told]


def test_an_answer_has_the_exact_things_of_its_question():
    rows = "Question | Answer\nWhat is error E-4711? | An open door.\nAnd E-4712? | No power."
    told = {c.text: c for c in quotes.candidates_of((passage(rows),))}
    things = exact.of_question("error E-4712")
    assert [told[text].has(things) for text in ("An open door.", "No power.")] == [0.0, 1.0]


def test_a_row_whose_first_cell_is_empty_is_quoted_with_its_columns():
    rows = "Region | City | Sales\nNorth | Kiel | 3\n | Lübeck | 4\nSouth | Ulm | 5"
    told = [c.said for c in quotes.candidates_of((passage(rows),))]
    assert told[1] == "City: Lübeck; Sales: 4"


@pytest.mark.parametrize("note", ["x" * (stretches.LONGEST - 14), "word " * 77])
def test_what_is_too_long_is_cut_within_no_number(note):
    for text in (
        f"Item | Note | Paid\nPump | {note} | 1,200.50\nA | b | 3",
        f"{note} 1,200.50 paid",
    ):
        told = [text[s:e] for s, e in stretches.spans(text)]
        assert not [
            one for one in told if one.endswith(("1", "1,", "1,2", "1,20", "1,200", "1,200."))
        ]
        assert max(map(len, told)) <= stretches.LONGEST


LEAVE = (
    "Annual leave\n\nEvery full-time employee has 28 days of paid leave a year. Part-time staff receive leave in proportion.\n"
    "Up to five days may be carried over.\n\nSick leave\n\nA note is needed from the fourth day."
)


def nearest_to(begin, text=LEAVE):
    told = quotes.candidates_of((passage(text),))
    return quotes.nearest([1.0 if c.text.startswith(begin) else 0.0 for c in told], told)


def test_what_may_answer_is_quoted_with_what_stands_around_it():
    (quoted,) = nearest_to("Up to five")
    assert quoted.said == (
        "Every full-time employee has 28 days of paid leave a year. Part-time staff receive leave in proportion. "
        "Up to five days may be carried over."
    )
    assert quoted.text in LEAVE


def test_around_it_ends_at_a_heading_and_at_a_question():
    assert [c.said for c in nearest_to("A note")] == ["A note is needed from the fourth day."]
    assert [c.said for c in nearest_to("Call the desk", FAQ)] == ["Call the desk."]


def test_around_it_there_is_no_table_and_around_a_row_nothing():
    assert [c.said for c in nearest_to("Work done", TABLE)] == ["Work done in spring."]
    assert [c.said for c in nearest_to("4713", TABLE)] == ["Bus: 4713; Work: Tyres; Date: 3 May"]


def test_around_it_there_is_as_much_as_a_quotation_takes():
    long = " ".join(
        f"Sentence number {n} says that nothing was done here today." for n in range(40)
    )
    (quoted,) = nearest_to("Sentence number 20 ", long)
    assert 400 < len(quoted.text) <= quotes.MOST_CHARACTERS
    assert quoted.text.startswith("Sentence number ") and quoted.text.endswith("today.")
    assert "number 17" in quoted.text and "number 22" in quoted.text


def test_what_may_answer_is_quoted_in_the_order_in_which_it_was_found():
    told = quotes.candidates_of((passage("The first of them."), passage("The second of them.")))
    assert [c.text for c in quotes.nearest([0.8, 0.9], told)] == [
        "The first of them.",
        "The second of them.",
    ]
    assert [c.text for c in quotes.nearest([0.5, 0.9], told)] == ["The second of them."]
