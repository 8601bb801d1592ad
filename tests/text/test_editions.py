"""Which edition of a document a file is."""

from datetime import date, datetime

import pytest

from kb.text import editions

TODAY = date(2026, 11, 27)


def of(path, text="", modified=None):
    return editions.of(path, "", text, modified)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Travel policy 2024.docx", "Travel policy 2025.docx"),
        ("2023/Travel_policy.docx", "2024/Travel_policy.docx"),
        ("Handbook v2.1.pdf", "Handbook_v2.2.pdf"),
        ("Satzung Entwurf.odt", "Satzung.odt"),
        ("Re\u0301glement 2024.pdf", "Règlement 2025.pdf".replace("è", "é")),
    ],
)
def test_years_versions_and_drafts_are_one_family(one, other):
    assert of(one).family == of(other).family != ""
    assert of(one) != of(other)


def test_minutes_of_two_days_are_two_documents():
    assert of("Minutes 2025-03-04.md").family != of("Minutes 2025-04-01.md").family


def test_the_newest_that_is_valid_is_the_greatest():
    named = ["P draft 2026.md", "P 2024.md", "P 2025.md", "P 2027.md"]
    ordered = sorted(named, key=lambda path: of(path).order(TODAY))
    assert ordered[-1] == "P 2025.md"


def test_without_a_year_the_document_then_the_file_says_when():
    stated = of("Policy.md", "Gültig ab 1. Juli 2025.", modified=0.0)
    assert (stated.stated, stated.said) == (date(2025, 7, 1), "Gültig ab 1. Juli 2025")
    assert of("Policy.md", modified=86_400.0 * 366).label == "1971-01-02"
    assert of("a.md", modified=2e9).order(TODAY) > of("b.md", modified=1e9).order(TODAY)


@pytest.mark.parametrize("day", ["31 June 2024", "30.02.2024", "29 February 2023", "31/11/2024"])
def test_a_day_that_there_is_not_says_nothing(day):
    assert editions.of_text(f"Valid from {day}.") == (None, "")


@pytest.mark.parametrize(
    "text", ["The tickets are from 2024.", "Valid tickets only.", "It applies to all."]
)
def test_that_it_is_valid_is_read_only_where_it_says_so(text):
    assert editions.of_text(text) == (None, "")


def test_a_date_that_people_wrote_says_which_edition_it_is():
    def of_date(written, source="text", precision="month"):
        moment = datetime.fromisoformat(f"{written}T00:00+00:00").timestamp()
        return editions.of("Policy.docx", "", "Words.", moment, source, precision)

    newer, older = of_date("2024-03-01"), of_date("2022-06-01")
    assert (newer.label, older.label) == ("2024-03", "2022-06")
    assert newer.is_marked
    assert newer.order(TODAY) > older.order(TODAY)
    assert not of_date("2024-03-01", "changed", "day").is_marked
    assert editions.named("What was the allowance in 2022?").names(older)
    assert not editions.named("What was the allowance in 2022?").names(newer)


def test_a_question_names_a_year_or_a_version():
    assert editions.named("the allowance in 2022").names(of("P 2022.md"))
    assert not editions.named("the allowance in 2022").names(of("P 2023.md"))
    assert editions.named("handbook version 2.1").names(of("Handbook v2.1.md"))
    assert not editions.named("the allowance").names(of("P 2022.md"))
