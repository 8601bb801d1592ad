"""Abstention: the figures by hand, and measured by the command on questions from elsewhere."""

import json

import pytest

from kb.answers import calibration, evidence
from kb.answers.evidence import FAR, MAY, SURE, Evidence, Match
from kb.embedding.client import Embeddings
from kb.embedding.scale import AS_IT_IS
from kb.errors import UsageError
from kb.evaluation import abstaining, sets
from kb.evaluation.charts import charts_of
from kb.types.passages import Passage, PassageStanding, StoredChunk


@pytest.mark.parametrize(
    ("own", "others", "area"),
    [
        ([0.9, 0.8], [0.1, 0.2], 1.0),
        ([0.1], [0.9], 0.0),
        ([0.5], [0.5], 0.5),
        ([0.9, 0.4], [0.5, 0.1], 0.75),
        ([], [0.5], 0.0),
    ],
)
def test_area_under_the_curve(own, others, area):
    assert abstaining.area(own, others) == area


def test_shares_at_the_operating_point_and_where_95_are_answered():
    own = [n / 100 for n in range(1, 101)]
    figures = abstaining.figures("x", own, [0.03, 0.04, 0.5, 0.6], 0.51)
    assert figures["answered"] == 0.5
    assert figures["abstained"] == 0.75
    assert figures["abstained_at_95_answered"] == 0.5
    assert figures["curve"][0] == (1.0, 0.0)
    assert figures["curve"][-1] == (0.0, 1.0)


def passage(text: str = "", near: float = 0.5, title: str = "") -> Passage:
    chunk = StoredChunk(
        0, 0, 1, 1, "a.txt", "s", None, title, "text/plain", "en", None, None, None, text, "", ""
    )
    return Passage(chunk, text, (0,), near, near, standing=PassageStanding(near, 0.0, 0.1, 0.1))


def judged(question, found, match=Match(0.5, 0.4), scale=AS_IT_IS, elsewhere=0.4):
    read = evidence.readings(question, found, [match], scale, elsewhere)
    return evidence.judged(question, found, read, calibration.shipped()[0])


def test_confidence_rises_with_each_reading():
    low = judged("?", [passage(near=0.6)])
    for other in (
        judged("?", [passage(near=0.9)]),
        judged("?", [passage(near=0.6)], Match(0.8, 0.4)),
        judged("?", [passage(near=0.6)], Match(0.5, 0.7)),
    ):
        assert other.sure > low.sure
    assert judged("?", [passage(near=0.9)]).near > low.near


def test_what_leans_to_questions_that_no_documents_are_asked_is_less_sure_and_less_near():
    office, anything = (judged("?", [passage(near=0.7)], elsewhere=one) for one in (0.3, 0.6))
    assert anything.sure < office.sure
    assert anything.near < office.near
    assert judged("?", [passage(near=1.2)], elsewhere=0.6).near > office.near, (
        "nearness outweighs it"
    )


def test_a_title_that_has_the_questions_words_makes_nothing_surer():
    plain = judged("fleet of buses", [passage(near=0.8)])
    assert judged("fleet of buses", [passage(near=0.8, title="Fleet of buses")]).sure < plain.sure


def test_every_word_in_a_short_note_is_enough():
    note = [passage("LT-107 gearbox replaced 8740 euros", near=0.1)]
    poor = Match(0.1, 0.1)
    assert judged("Which LT-107 gearbox was replaced?", note, poor).band() == SURE
    assert judged("Which LT-107 window was replaced?", note, poor).band() == FAR


@pytest.mark.parametrize(
    ("sure", "near", "band"),
    [(0.6, 0.6, SURE), (0.4, 0.6, MAY), (0.4, 0.4, FAR), (0.5, 0.5, SURE), (0.4, 0.5, MAY)],
)
def test_the_bands_and_their_borders(sure, near, band):
    assert Evidence(sure, near).band() == band


def test_the_settings_move_the_borders():
    found = Evidence(0.4, 0.4)
    assert (found.band(0.3), found.band(0.9, 0.3), found.band(0.9, 0.9)) == (SURE, MAY, FAR)


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("What does it cost? Answer in euros, please.", "What does it cost?"),
        ("Using the plan: how many buses are electric?", "how many buses are electric?"),
        ("Who pays? And who collects?", "Who pays? And who collects?"),
        ("Ferry to the island. Tell me when.", "Ferry to the island. Tell me when."),
        ("the effect of flow (the ?slip? effect) .", "the effect of flow (the ?slip? effect) ."),
        ("Which way: left?", "Which way: left?"),
        ("And for drivers? (days leave staff)", "And for drivers? (days leave staff)"),
        ("ferry times", "ferry times"),
        (
            "I ride line seven. What is the price of a ticket in zone B?",
            "What is the price of a ticket in zone B?",
        ),
        (
            "The bus was late again. What do I get for it? Answer in euros.",
            "The bus was late again. What do I get for it?",
        ),
        ("Unser Gast hat kein Netz. Wohin?", "Unser Gast hat kein Netz. Wohin?"),
    ],  # fmt: skip
)
def test_how_a_question_is_to_be_answered_is_no_part_of_it(question, asks):
    assert evidence.asking(question) == asks


async def test_an_english_question_with_a_rare_name_is_understood(settings):
    embeddings = Embeddings(settings)
    rare = await embeddings.query("Who authored the Liber servitoris?")
    german = await embeddings.query("Wie viele Elektrobusse besitzt der Betriebshof?")
    await embeddings.engine.close()
    assert not rare.understood("xx")
    assert rare.understood("en")
    assert not german.understood("de")


def test_a_language_that_the_model_does_not_know_is_judged_by_words():
    found = [passage("Die Fähre zur Insel fährt um sieben Uhr ab.")]
    bands = {
        question: evidence.judged_by_words(question, found).band()
        for question in (
            "Wann fährt die Fähre zur Insel?",
            "Ist das Fahrgeld für die Insel günstig, Herr Schmidt?",
            "Wer malte die Mona Lisa in Florenz?",
        )
    }
    assert list(bands.values()) == [SURE, MAY, FAR], bands


def test_abstention_is_measured_by_the_command(command, tmp_path):
    docs, outside = tmp_path / "set", tmp_path / "other"
    (docs / "docs").mkdir(parents=True)
    outside.mkdir()
    (docs / "docs" / "a.txt").write_text(
        "The ferry to the island leaves at seven.\n\nBridges are painted every June."
    )
    own = [
        {"id": "1", "question": "When does the ferry to the island leave?", "docs": ["a.txt"]},
        {"id": "2", "question": "When are bridges painted?", "docs": ["a.txt"]},
        {"id": "3", "question": "What does the ferry cost?", "unanswerable": True},
    ]
    others = [
        {"_id": "9", "text": "Who composed the opera Carmen?"},
        {"_id": "1", "text": "the same id is left out"},
        {"_id": "8", "text": "What is the boiling point of helium?"},
    ]
    (docs / "questions.jsonl").write_text("\n".join(map(json.dumps, own)))
    (outside / "queries.jsonl").write_text("\n".join(map(json.dumps, others)))
    figures = command(
        "eval", "docs", str(docs), "--abstention", "--outside", str(outside), "--systems", "bm25"
    )
    near, far = figures["abstention"]
    assert (near["name"], near["questions"]) == ("near misses", 1)
    assert (far["name"], far["questions"]) == ("outside: other", 2)
    assert far["auc"] == 1.0
    assert far["abstained"] == 1.0
    assert figures["systems"][0]["document_hit@1"] == 1.0
    assert "Abstention" in dict(charts_of(figures))
    assert "abstention" not in command("eval", "docs", str(docs))


def test_questions_from_nowhere_are_named(tmp_path):
    with pytest.raises(UsageError, match="neither"):
        sets.read_outside(tmp_path)
    (tmp_path / "unanswerable_queries.json").write_text('{"a": 1}')
    with pytest.raises(UsageError, match="no list of questions"):
        sets.read_near_misses(tmp_path)
