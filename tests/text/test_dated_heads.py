"""Which date a document says of itself in its own text."""

import pytest

from kb.text import dated_heads, periods

LATER = 4e9


def said(*lines, foot=(), day_first=True):
    found = dated_heads.of_lines(lines, foot, LATER, day_first=day_first)
    return found and found.label


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("Berlin, 5. März 2024", "2024-03-05"),
        ("Frankfurt am Main, den 05.03.2024", "2024-03-05"),
        ("Paris, le 5 mars 2024", "2024-03-05"),
        ("Fait à Paris, le 5 mars 2024", "2024-03-05"),
        ("Milano, 5 marzo 2024", "2024-03-05"),
        ("Madrid, a 5 de marzo de 2024", "2024-03-05"),
        ("New York, March 5, 2024", "2024-03-05"),
        ("Dienstag, 5. März 2024", "2024-03-05"),
        ("March 2024", "2024-03"),
        ("Travel policy – March 2024", "2024-03"),
        ("Stand: 03/2024", "2024-03"),
        ("Stand 2024", "2024"),
        ("Stand: Q3 2023", "2023 Q3"),
        ("(Stand: März 2024)", "2024-03"),
        ("Dokument Nr. 5 | Stand: 03/2024 | Seite 1", "2024-03"),
        ("Datum | 05.03.2024 | Seite 1", "2024-03-05"),
        ("QM-VA-0815 Rev. 7 – Stand 5.3.2024", "2024-03-05"),
        ("Effective date: January 1, 2024", "2024-01-01"),
        ("Gültig ab 1. Januar 2024", "2024-01-01"),
        ("Diese Ordnung tritt am 1. Januar 2024 in Kraft.", "2024-01-01"),
        ("En vigueur à compter du 1er janvier 2024", "2024-01-01"),
        ("In vigore dal 1 gennaio 2024", "2024-01-01"),
        ("Fecha de entrada en vigor: 1 de enero de 2024", "2024-01-01"),
        ("Version 2.1 of 12 May 2023", "2023-05-12"),
        ("Version 2.1 vom 12. Mai 2023", "2023-05-12"),
        ("Version 2.1 du 12 mai 2023", "2023-05-12"),
        ("Versione 2.1 del 12 maggio 2023", "2023-05-12"),
        ("Versión 2.1 del 12 de mayo de 2023", "2023-05-12"),
        ("Version 1.2 (March 2024)", "2024-03"),
        ("Last updated: March 5, 2024", "2024-03-05"),
        ("Zuletzt geändert am 5.3.2024 von Anna", "2024-03-05"),
        ("Dernière mise à jour : mars 2024", "2024-03"),
        ("Ultimo aggiornamento: marzo 2024", "2024-03"),
        ("Última actualización: 5 de marzo de 2024", "2024-03-05"),
        ("Issued: 12 May 2023 Approved by: Ada", "2023-05-12"),
        ("Minutes of the meeting of 5 March 2024", "2024-03-05"),
        ("Protokoll der Sitzung vom 5.3.2024", "2024-03-05"),
        ("Protokoll der Sitzung des Betriebsrats vom 5. März 2024", "2024-03-05"),
        ("Minutes of the meeting of the works council of 5 March 2024", "2024-03-05"),
        ("Procès-verbal de la réunion du comité d'entreprise du 5 mars 2024", "2024-03-05"),
        ("Verbale della riunione del consiglio di azienda del 5 marzo 2024", "2024-03-05"),
        ("Acta de la reunión del comité de empresa del 5 de marzo de 2024", "2024-03-05"),
    ],
)
def test_a_head_says_when_its_document_is_from(line, label):
    assert said("Travel policy", line, "All trips are booked by the desk.") == label


@pytest.mark.parametrize(
    "line",
    [
        "The pump was bought on 5 March 2024.", "The minutes of the meeting say that he left on 5 March 2024", "Die Messe findet am 5. März 2024 statt.",
        "Next review date: 5 March 2025", "Next revision: March 2025", "Next issue date: 5 March 2025", "Nächste Änderung: 2025",
        "Your letter of 12 Feb 2024", "Ihr Schreiben vom 12.02.2024", "Kontostand: 05.03.2024",
        "As of December 31, 2023, we had five plants", "The contract ends on 31 May 2029.",
        "Valid until 31 December 2023", "Born: 5 March 1980", "Hall 7 2024-03-05",
        "05.03.2024 | Müller | Miete", "12 May 1998 – the company was founded",
        "Updated 2024 files by night", "Stand der Technik 2019 ist bekannt", "Update 7 is 2024 bytes long",
    ],
)  # fmt: skip
def test_dates_of_events_are_not_the_documents(line):
    assert said(line) is None


def test_what_was_changed_counts_before_from_when_on_it_is_valid():
    assert said("Valid from 1 June 2023", "Version 2 of 12 May 2023") == "2023-05-12"
    assert said("Created: 2019-01-02", "Last updated: 2024-03-05") == "2024-03-05"


def test_the_last_lines_count_where_a_label_leads_them():
    assert said("Travel policy", foot=["Stand: 03/2024"]) == "2024-03"
    assert said("Travel policy", foot=["Berlin, 5. März 2024"]) is None


def test_a_date_that_is_to_come_is_none_of_writing():
    line = ["Last updated: 5 March 2024", "Version 9 of 1 May 2090"]
    found = dated_heads.of_lines(line, (), 1.75e9, day_first=True)
    assert found is not None and found.label == "2024-03-05"


@pytest.mark.parametrize(
    ("text", "language", "first"),
    [
        ("on 13/05/2024", "en", True), ("on 05/13/2024", "de", False), ("on 5/3/2024", "en", None),
        ("on 5/3/2024", "fr", True), ("13/05/2024 05/13/2024", "en", None), ("", None, None),
    ],
)  # fmt: skip
def test_other_dates_tell_whether_the_day_stands_first(text, language, first):
    assert periods.day_first(text, language) is first


def test_a_date_ends_where_it_ends_also_behind_a_weekday():
    for text in ("Friday, 2024 March", "Friday, 1 March 2024", "Fr., Q1 2024"):
        found = periods.at_start(text, day_first=True)
        assert found is not None, text
        assert found[1] == len(text), text
