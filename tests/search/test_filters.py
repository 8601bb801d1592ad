"""What documents are filtered by: their own date, the years chosen, languages and authors."""

import os
from datetime import UTC, datetime
from email.message import EmailMessage

import docx
import pytest

from ingest.parsers import authors
from kb.errors import UsageError
from kb.index import lexical
from kb.text import queries

SENT = "Tue, 14 Mar 2017 09:30:00 +0100"


def mail(date: str = SENT) -> bytes:
    made = EmailMessage()
    made["From"], made["Subject"], made["Date"] = "ada@example.org", "Tides", date
    made.set_content("The tide tables for the pier are attached to this mail.")
    made.add_attachment(
        b"High water at the pier is at seven in the morning.",
        maintype="text", subtype="plain", filename="tides.txt",
    )  # fmt: skip
    return made.as_bytes()


@pytest.fixture
async def dated(house):
    """A mail of 2017 with an attachment, a file of 2019 and one of 2021."""
    house.follow()
    (house.root / "tides.eml").write_bytes(mail())
    for year, name in ((2019, "old.txt"), (2021, "new.txt")):
        file = house.write(name, f"The lamps of the pier were painted in {year} again.")
        moment = datetime(year, 6, 1, tzinfo=UTC).timestamp()
        os.utime(file, (moment, moment))
    await house.ingest()
    return house


def years_of(house, question=""):
    found = house.kb.search.facets(house.owner, question, queries.EVERYTHING)
    return dict(found["year"])


def wanted(**given):
    empty = {n: [] for n in ("source", "type", "language", "author", "name", "year")}
    return queries.wanted(**(empty | {"after": None, "before": None} | given))


@pytest.mark.both_catalogs
async def test_the_year_is_the_documents_own(dated):
    """A mail's header says when it is from, an attachment is as old as its mail."""
    assert years_of(dated) == {"2021": 1, "2019": 1, "2017": 2}
    rows = {row.path: row for row in dated.ledger().values()}
    assert rows["tides.eml"].date_source == "header"
    assert rows["tides.eml › tides.txt"].date_source == "container"
    assert rows["old.txt"].date_source == "file"
    moment = datetime(2017, 3, 14, 8, 30, tzinfo=UTC).timestamp()
    assert {row.dated_ns // 10**9 for path, row in rows.items() if "tides" in path} == {moment}


async def test_the_year_is_what_the_text_the_name_and_the_properties_say(house):
    """Each beside a file that was written today."""
    house.follow()
    house.write("policy.txt", "Travel policy\n\nStand: 03/2016\n\nTrips are booked by the desk.")
    house.write("Bericht Q3 2018.txt", "All lamps of the pier were painted again by the crew.")
    house.write("2020/lamps.txt", "All lamps of the harbour were painted again by the crew.")
    made = docx.Document()
    made.core_properties.modified = datetime(2022, 5, 6, tzinfo=UTC)
    made.add_paragraph("The anchors of the harbour were weighed by the crew.")
    made.save(house.root / "anchors.docx")
    await house.ingest()
    rows = {row.path: row for row in house.ledger().values()}
    told = {path: (row.date_source, row.date_precision) for path, row in rows.items()}
    assert told == {
        "policy.txt": ("text", "month"), "Bericht Q3 2018.txt": ("name", "quarter"),
        "2020/lamps.txt": ("folder", "year"), "anchors.docx": ("changed", "day"),
    }  # fmt: skip
    assert years_of(house) == {"2022": 1, "2020": 1, "2018": 1, "2016": 1}


@pytest.mark.both_catalogs
async def test_two_years_are_two_years_and_not_those_between(dated):
    async def found(question, narrowed=queries.EVERYTHING):
        hits = await dated.kb.search.passages(question, dated.owner, 10, narrowed)
        return {p.chunk.path for p in hits.passages}

    assert await found("pier", wanted(year=["2017", "2021"])) == {
        "tides.eml", "tides.eml › tides.txt", "new.txt",
    }  # fmt: skip
    assert await found("pier year:2019") == {"old.txt"}
    assert await found("pier after:2018 before:2019") == {"old.txt"}
    with pytest.raises(UsageError):
        await found("pier year:soon")


async def test_a_mail_that_changes_brings_its_attachment_along(dated):
    (dated.root / "tides.eml").write_bytes(mail("Fri, 1 Mar 2013 10:00:00 +0000"))
    await dated.ingest()
    assert years_of(dated) == {"2021": 1, "2019": 1, "2013": 2}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("JÃ¼rgen MÃ¼ller", "Jürgen Müller"), ("Jürgen Müller", "Jürgen Müller"),
        ("FranÃ§ois", "François"), ("=?utf-8?q?J=C3=BCrgen?=", "Jürgen"), ("李雷", "李雷"),
        ("Ã", "Ã"), ("Łukasz", "Łukasz"), ("Ada <ada@example.org>", "Ada <ada@example.org>"),
    ],
)  # fmt: skip
def test_authors_are_decoded(written, read):
    assert authors.decoded(written) == read


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Oxygen 12 34", ""), ("Kontakt Telefon", ""), ("LT-107 LT-118 LT-101", ""),
        ("foo bar baz", ""), ("Summe 12,5 kg", ""), ("No. | Text 1 | Oxygen", ""), ("12 34", ""),
        ("Wages rise by four per cent in May, says the pay agreement.", "en"),
        ("Das Brot wird jeden Morgen um vier Uhr gebacken.", "de"),
        ("Le bus part à sept heures du matin.", "fr"),
    ],
)  # fmt: skip
def test_three_words_are_of_no_language(text, language):
    assert lexical.surely(text) == language
