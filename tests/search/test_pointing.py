"""Exact things outweigh likeness; of several editions the newest one stands for all; files' names."""

import os
import unicodedata

import openpyxl
import pytest

from kb.search.sought import in_a_search
from kb.settings import Retrieval

SERIALS = "\n".join(
    f"SN-{n:06d} | {'ok' if n % 7 else 'defect'} | Shelf {n % 40}" for n in range(120)
)
POLICY = (
    "Travel policy\n\nValid from 1 January {year}.\n\nThe daily meal allowance is {amount} euros.\n"
)
CONTRACT = "Supply contract {name}\n\nThe contract was signed on {day} in {town}.\n"


@pytest.fixture
async def filled(house):
    house.follow()
    house.write("serials.csv", f"Serial | Status | Location\n{SERIALS}")
    for year, amount in ((2022, 26), (2024, 28), (2025, 32)):
        path = house.write(f"Travel policy {year}.txt", POLICY.format(year=year, amount=amount))
        os.utime(path, (1.6e9, 1.6e9))
    house.write("Meyer.txt", CONTRACT.format(name="Meyer", day="5 March 2024", town="Kiel"))
    house.write("Schulz.txt", CONTRACT.format(name="Schulz", day="3 May 2024", town="Ulm"))
    for hall in range(8):
        house.write(
            f"Briefing {hall:02d}.txt",
            f"In hall {hall} people were instructed about fire exits and assembly points.",
        )
    house.write(unicodedata.normalize("NFD", "Prüfbericht Größe.txt"), "All bolts were tight.")
    house.write("bolts.txt", "The test report on size: Prüfbericht, Größe, Prüfbericht, Größe.")
    await house.ingest()
    return house


async def first(house, question):
    found = await house.kb.search.passages(question, house.owner, 8)
    return found.passages[0]


async def _exact_things_are_first_and_are_evidence(house):
    for question in (
        "Where is SN-000093 stored?",
        "What is the location of the item with serial number SN-000093?",
        "Welchen Status hat SN000093?",
    ):
        assert "SN-000093" in (await first(house, question)).text
        answer = await house.kb.answers.answer(question, house.owner)
        assert answer.mode != "abstained", question
        assert "SN-000093" in answer.text


async def _dates_are_found_however_they_are_written(house):
    for question in ("contract signed 5.3.2024", "05.03.2024", "firmado el 5 de marzo de 2024"):
        assert (await first(house, question)).chunk.path == "Meyer.txt"
    assert (await first(house, "signed 2024-05-03")).chunk.path == "Schulz.txt"


async def _the_newest_edition_stands_for_all_unless_another_is_named(house):
    newest = await first(house, "What is the daily meal allowance?")
    told = [newest.chunk.path, *(p.chunk.path for p in newest.others)]
    assert told == [f"Travel policy {year}.txt" for year in (2025, 2024, 2022)]
    assert newest.is_newest
    older = await first(house, "What was the daily meal allowance in 2022?")
    assert (older.chunk.path, older.is_newest) == ("Travel policy 2022.txt", False)
    answer = await house.kb.answers.answer("The daily meal allowance in 2022?", house.owner)
    assert "26" in answer.text
    told = {"edition": "2022", "newest": "2025"}
    assert told.items() <= answer.notice.parameters.items()


async def _a_setting_leaves_each_edition_a_passage_of_its_own(house):
    retriever = house.kb.search._retriever
    before, retriever._settings = retriever._settings, Retrieval(newest_first=False)
    found = await retriever.retrieve(in_a_search("daily meal allowance"), house.owner, 8)
    retriever._settings = before
    assert not any(p.others for p in found.passages)
    assert len([p for p in found.passages if p.chunk.path.startswith("Travel")]) == 3


async def _files_that_differ_by_their_number_are_one_hit(house):
    found = await house.kb.search.passages("fire exits and assembly points", house.owner, 8)
    briefings = [p for p in found.passages if p.chunk.path.startswith("Briefing")]
    assert [p.copies for p in briefings] == [8]
    assert "hall 5" in (await first(house, "Who was instructed in hall 5? Briefing 05")).text


async def _accents_may_be_composed_or_apart_in_names(house):
    for form in ("NFC", "NFD"):
        for question in ("name:Prüfbericht bolts", "Prüfbericht Größe", "Prüfbericht Größe.txt"):
            asked = unicodedata.normalize(form, question)
            assert "bolts were tight" in (await first(house, asked)).text, (form, question)


async def test_what_points_at_a_passage_beyond_likeness(filled):
    await _exact_things_are_first_and_are_evidence(filled)
    await _dates_are_found_however_they_are_written(filled)
    await _the_newest_edition_stands_for_all_unless_another_is_named(filled)
    await _a_setting_leaves_each_edition_a_passage_of_its_own(filled)
    await _files_that_differ_by_their_number_are_one_hit(filled)
    await _accents_may_be_composed_or_apart_in_names(filled)


ASKED = (
    "{c}", "What is the status of {c}?", "Where is {c} stored?", "Which shelf holds {c}?",
    "Is {c} defective?", "In which location is serial {c}?", "Tell me about {c}", "Status {c}",
    "What is the location of the item with serial number {c}?", "Wo liegt {c}?",
    "Welchen Status hat {c}?",
)  # fmt: skip


@pytest.mark.slow
async def test_a_serial_among_ten_thousand_is_first_however_it_is_asked_for(house):
    """In a sheet of one kind of row; the row that answers is known by how it was written."""
    house.follow()
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet("Log")
    sheet.append(["Serial", "Status", "Location"])
    for n in range(10_000):
        sheet.append([f"SN-{n:06d}", "ok" if n % 7 else "defect", f"Shelf {n % 400}"])
    made.save(house.root / "serials.xlsx")
    await house.ingest()
    for number, asked in enumerate(ASKED):
        n = (number * 2_749 + 12_345) % 10_000
        question = asked.format(c=f"SN-{n:06d}")
        row = f"SN-{n:06d} | {'ok' if n % 7 else 'defect'} | Shelf {n % 400}"
        assert row in (await first(house, question)).text, question
        answer = await house.kb.answers.answer(question, house.owner)
        assert answer.mode != "abstained", question
        assert f"SN-{n:06d}" in answer.text
