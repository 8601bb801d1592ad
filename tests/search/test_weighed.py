"""What is found first, with the models that a newcomer has: as surely as each list points."""

import pytest

from kb.embedding.pinned import ENGLISH
from tests.parts.house import house_with
from tests.parts.weights import with_models

DOCUMENTS = {
    "rules.txt": "Die Beschäftigten haben dreißig Tage Urlaub im Jahr, Teilzeitkräfte anteilig.",
    "meeting.txt": "The team meets on Mondays at ten and plans the week that lies ahead.",
    "cantine.txt": "La cantine ouvre à midi et ferme à quatorze heures, du lundi au vendredi.",
    "pump-1.txt": "The pump QX-4711 in the cellar was repaired in March, and its seals replaced.",
    "pump-2.txt": "The pump QX-4812 in the cellar is repaired each year, and its seals replaced.",
    "pump-3.txt": "Each pump in the cellar is looked after by the caretaker, who repairs the seals.",
    "boiler.txt": "The boiler in the cellar is serviced each October by the firm of Mr Hall.",
    "parking.txt": "Parking spaces for staff are on the second floor of the garage by the station.",
    "lunch.txt": "Lunch with guests is paid for up to forty euros a head, with a receipt.",
}


@pytest.fixture
async def house(settings, tmp_path, models_dir):
    newcomers = with_models(settings, models_dir)
    async with house_with(newcomers, tmp_path / "files", DOCUMENTS) as made:
        yield made


async def test_a_passage_in_other_words_stands_before_one_with_a_common_word(house):
    """«Team» stands in the English passage; the German one has no word of the question."""
    question = "Wie oft darf man im Team freinehmen?"
    assert (await house.paths(question))[0] == "rules.txt"


async def test_a_code_that_stands_in_one_passage_brings_it_first(house):
    for question in ("QX-4711", "Was the pump QX-4711 in the cellar repaired?", "Und die QX-4711?"):
        assert (await house.paths(question))[0] == "pump-1.txt", question


async def test_a_document_in_one_language_alone_is_found_from_another(house):
    for question in ("When does the canteen open?", "Wann öffnet die Kantine?"):
        assert (await house.paths(question))[0] == "cantine.txt", question


async def test_of_two_translations_the_question_s_own_comes_first(house):
    house.write("besprechung.txt", "Das Team trifft sich montags um zehn und plant die Woche.")
    await house.ingest()
    assert (await house.paths("Wann trifft sich das Team?"))[0] == "besprechung.txt"
    assert (await house.paths("When does the team meet?"))[0] == "meeting.txt"


async def test_a_model_of_english_alone_finds_what_it_understands(settings, tmp_path, models_dir):
    """Also a word or two, whose language is anybody's guess."""
    english = with_models(settings, models_dir, ENGLISH)
    async with house_with(english, tmp_path / "files", DOCUMENTS) as house:
        for question, path in (
            ("Who services the heating?", "boiler.txt"),
            ("parking spot", "parking.txt"),
            ("QX-4711", "pump-1.txt"),
            ("Urlaub", "rules.txt"),
        ):
            assert (await house.paths(question))[0] == path, question
