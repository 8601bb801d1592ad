"""Which date a file's name or its folders say."""

import pytest

from kb.text import named_dates


def said(path, *, day_first=None):
    found = next(named_dates.of_path(path, day_first=day_first), None)
    return found and (found[0].label, found[1])


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("2024-03-05 Protokoll.docx", "2024-03-05"),
        ("20240305_minutes.pdf", "2024-03-05"),
        ("IMG_20240305_123456.jpg", "2024-03-05"),
        ("Report_2024-03-05T10-11-12.txt", "2024-03-05"),
        ("report-2024.03.05.pdf", "2024-03-05"),
        ("Protokoll2024-03-05.docx", "2024-03-05"),
        ("Protokoll 05.03.2024.docx", "2024-03-05"),
        ("Minutes 5.3.2024", "2024-03-05"),
        ("Minutes 5 March 2024.md", "2024-03-05"),
        ("Compte rendu 5 mars 2024.odt", "2024-03-05"),
        ("Verbale 5 marzo 2024.odt", "2024-03-05"),
        ("Acta 5 de marzo de 2024.odt", "2024-03-05"),
        ("Auszug 01.01.2023 bis 31.12.2023.pdf", "2023-12-31"),
        ("Sep 2024 report.pdf", "2024-09"),
        ("Rechnung_202403.pdf", "2024-03"),
        ("Bericht Q3 2023.docx", "2023 Q3"),
        ("2024Q1.xlsx", "2024 Q1"),
        ("3. Quartal 2023 Bericht.pdf", "2023 Q3"),
        ("III trimestre 2023.pdf", "2023 Q3"),
        ("T3 2023.pdf", "2023 Q3"),
        ("Jahresbericht_2022_final.pdf", "2022"),
    ],
)
def test_a_name_says_a_day_a_month_a_quarter_or_a_year(path, label):
    assert said(path) == (label, "name")


@pytest.mark.parametrize(
    "path",
    [
        "Plan 2024-2030.docx", "RE-4711.pdf", "order 20249999.pdf", "v1.2.24.txt", "12345678.pdf",
        "room 17.txt",
    ],
)  # fmt: skip
def test_other_numbers_are_no_date(path):
    assert said(path) is None


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("2023/report.docx", "2023"),
        ("board/2024-03-05 Sitzung/report.docx", "2024-03-05"),
        ("2024 März/report.docx", "2024-03"),
        ("2019/2020-05/report.docx", "2020-05"),
        ("a.zip › 2019/b.txt", "2019"),
    ],
)
def test_the_nearest_folder_says_it_where_the_name_does_not(path, label):
    assert said(path) == (label, "folder")


def test_a_member_has_its_own_name_and_not_that_of_what_it_came_out_of():
    assert said("2019/Mail 2018.eml › prices.csv") is None


def test_day_and_month_that_may_be_exchanged_say_the_year_only():
    assert said("Minutes 03-05-2024.docx") == ("2024", "name")
    assert said("Minutes 03-05-2024.docx", day_first=True) == ("2024-05-03", "name")
    assert said("Minutes 03-05-2024.docx", day_first=False) == ("2024-03-05", "name")
    assert said("Minutes 03-25-2024.docx") == ("2024-03-25", "name")
