"""Exact things in questions, and where they stand."""

import pytest

from kb.text import exact


@pytest.mark.parametrize(
    ("question", "kind", "there", "elsewhere"),
    [
        ("Where is SN-012345 stored?", "code", "sn 012345, shelf 3", "SN-0123456"),
        ("Was kostet Teil AB-1057/5?", "code", "AB1057/5 | 71,25", "AB-1057/50"),
        ("What is order 4500012345?", "code", "ref. 4500012345.", "4500012354"),
        ("Who has +49 30 555 021?", "phone", "Tel. 030/555021", "Tel. 030/555012"),
        ("signed 5.3.2024", "date", "on 5 March 2024", "on 3 May 2024"),
        ("signed 5. März 2024", "date", "le 2024-03-05", "2024-05-03"),
        ("who paid 1.200,50?", "sum", "1,200.50 euros", "1,200.05"),
        ("what does § 12 say?", "paragraph", "Section 12 says", "§ 12a says"),
        ("Abschnitt 4.2", "paragraph", "4.2 Zahlung\n\nZahlbar", "4.21 Zahlung"),
        ("account DE89 3704 0044 0532 0130 00", "code", "DE89370400440532013000", "DE89"),
    ],
)
def test_it_stands_however_it_is_written_and_nothing_else_does(question, kind, there, elsewhere):
    [thing] = exact.of_question(question)
    assert thing.kind == kind
    assert thing.stands(there)
    assert not thing.stands(elsewhere)


@pytest.mark.parametrize(
    "question",
    ["28 days in 2024", "a 30-day notice", "the 21st century", "meeting at 14:30", "the 1990s"],
)
def test_ordinary_numbers_are_no_exact_things(question):
    assert exact.of_question(question) == ()


@pytest.mark.parametrize(
    ("question", "written"),
    [
        ("Where is SN-012345?", "SN012345"),
        ("signed 5.3.2024", "signed on 5. März 2024"),
        ("signed 5 March 2024", "firmado el 5 de marzo de 2024"),
        ("paid 1.200,50", "1,200.50"),
        ("paid 1200", "1'200"),
        ("who has 030 555021", "030/555021"),
    ],
)
def test_it_is_looked_up_by_each_of_its_spellings(question, written):
    from kb.text.queries import words_in

    [thing] = exact.of_question(question)
    assert any(f" {spelling} " in f" {words_in(written)} " for spelling in thing.spellings)


def test_the_rest_of_a_question_is_what_it_asks_beside_them():
    assert exact.rest("What is the status of SN-012345?") == ["statu"]


def test_marks_are_what_a_text_writes_of_a_questions_dates_and_sums():
    text = "On 5 March 2024, at 14:00, 1,200.50 euros were paid; on 3 May nothing."
    assert exact.alike("5.3.2024, 2 pm, 1.200,50", text) == [
        "5 March 2024",
        "14:00",
        "1,200.50 euros",
    ]
