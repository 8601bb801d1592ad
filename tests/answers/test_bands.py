"""It answers, it may answer, nothing comes near: questions in a person's own words, real models."""

import pytest

from kb.answers import calibration, evidence
from kb.catalog import groups, sources
from kb.embedding import models
from kb.llm.ollama import Ollama
from kb.rights import access
from kb.settings import Llm
from kb.surface import notices
from kb.types.people import Principal
from tests.parts.fake_models import FakeOllama, Says

HANDBOOK = """# Staff handbook

## Annual leave

Every full-time employee has 28 days of paid leave a year. Leave lapses on 31 March.

## Uniforms

Drivers receive five shirts and two jackets from the depot.

## Lost property

What passengers leave on the tram is kept at the Central Station for thirty days.
"""
SURE = "Does every full-time employee have paid leave a year?"
MAY = "How much vacation am I entitled to?"
FAR = "What is the boiling point of helium?"
TRUE = "Every full-time employee has 28 days of paid leave a year [1]."
PINNED = "How many days of leave does a full-time employee have?"


@pytest.fixture
async def handbook(house):
    house.follow()
    house.write("handbook.md", HANDBOOK)
    await house.ingest()
    return house


async def told(house, question, **manner):
    return await house.kb.answers.answer(question, house.owner, **manner)


async def test_without_a_model_there_are_three_bands(handbook):
    sure, may, far = [await told(handbook, question) for question in (SURE, MAY, FAR)]
    assert (sure.mode, sure.notice.code) == ("quotes", "no_model")
    assert (may.mode, may.notice.code) == ("quotes", "may_answer")
    assert "Every full-time employee has 28 days of paid leave a year." in may.citations[0].quote
    assert (far.mode, far.notice.code, far.sentences) == ("abstained", "not_found", ())
    assert far.passages, "what is least far is there to look at"


async def test_what_no_documents_are_asked_is_far_unless_they_answer_it(handbook):
    """A question of the built-in ones, beside documents without a recipe and with one."""
    question = "How do I make onion soup?"
    leaning = [
        (await handbook.kb.answers.readings(asked, found))["elsewhere"]
        for asked in (question, MAY)
        if (found := await handbook.kb.answers.looked_up(asked, handbook.owner))
    ]
    assert leaning[0] > 1.5 * leaning[1]
    assert (await told(handbook, question)).notice.code == "not_found"
    soup = "Onion soup: fry four sliced onions in butter, add stock, simmer for half an hour."
    handbook.write("canteen.md", f"# Recipes of the canteen\n\n{soup}\n")
    await handbook.ingest()
    answer = await told(handbook, question)
    assert answer.mode == "quotes"
    assert "fry four sliced onions" in answer.text


async def test_the_receipt_names_the_evidence_and_its_constants(handbook):
    answer = await told(handbook, MAY)
    kept = handbook.kb.receipts.receipt(handbook.owner, answer.id).row.settings
    used = [model.fingerprint for model in handbook.kb.embeddings.models]
    folder = models.derived_dir(handbook.kb.embeddings.settings)
    assert kept["calibration"] == calibration.known(used, folder).name
    assert kept["evidence"] < evidence.BORDER <= kept["nearness"]


async def test_a_model_is_asked_unless_nothing_comes_near_and_may_say_no(handbook):
    with FakeOllama(Says([TRUE])) as fake:
        handbook.kb.__dict__["model"] = Ollama(Llm(url=fake.url))
        sure, may, far = [await told(handbook, question) for question in (SURE, MAY, FAR)]
        assert (sure.mode, sure.notice) == ("generated", None)
        assert (may.mode, may.notice.code) == ("generated", "unsure")
        assert may.sentences[0].supported
        assert (far.mode, far.notice.code, len(fake.asked)) == ("abstained", "not_found", 2)
        fake.says = Says(["NOT IN THE DOCUMENTS"])
        no = await told(handbook, MAY)
        assert (no.mode, no.notice.code) == ("abstained", "model_says_no")
        assert "28 days" in no.passages[0].text


async def test_why_no_model_has_written_is_said_beside_it(handbook):
    handbook.kb.__dict__["model"] = Ollama(Llm(url="http://127.0.0.1:9", model="m"))
    may = await told(handbook, MAY)
    assert (may.mode, may.notice.code) == ("quotes", "may_answer")
    words = notices.render(may.notice)
    assert "may not answer" in words
    assert "does not answer" in words, "the language model"


async def pin(handbook, question=PINNED, answer="28 days, and 30 for the depot."):
    [first] = (await handbook.kb.search.passages("paid leave", handbook.owner, 1)).passages
    await handbook.kb.write(
        handbook.kb.pins.add, handbook.owner, question, answer, first.passage_id
    )
    return first


async def test_a_pinned_answer_is_the_answer_and_no_model_is_asked(handbook):
    passage = await pin(handbook)
    with FakeOllama(Says(["Something else [1]."])) as fake:
        handbook.kb.__dict__["model"] = Ollama(Llm(url=fake.url))
        answer = await told(handbook, PINNED.upper())
        assert not fake.asked
    assert (answer.text, answer.notice.code) == ("28 days, and 30 for the depot. [1]", "pinned")
    assert answer.citations[0].passage.passage_id == passage.passage_id
    reopened = handbook.kb.receipts.answer(handbook.owner, answer.id)
    assert reopened.text == answer.text


@pytest.mark.parametrize(
    ("question", "notice"),
    [
        ("How many days of holiday does a full-time employee get?", "pinned_alike"),
        ("Until when can leave be carried over?", "may_answer"),
        ("How many shirts does a driver get?", "may_answer"),
    ],
)
async def test_a_pin_meets_paraphrases_and_not_what_else_its_passage_says(
    handbook, question, notice
):
    await pin(handbook)
    answer = await told(handbook, question)
    assert (answer.notice.code == "pinned_alike") == (notice == "pinned_alike")


async def test_a_pin_is_shown_to_nobody_who_may_not_read_its_document(handbook):
    await pin(handbook)
    ann = Principal("ann", frozenset({"everyone"}))
    with handbook.kb.catalog.writing() as c:
        groups.add(c, "crew")
        sources.set_readers(c, handbook.kb.sources.named("files"), ("group:crew", "owner"))
    answer = await handbook.kb.answers.answer(PINNED, ann)
    assert (answer.mode, answer.text) == ("abstained", "")


async def test_an_abbreviation_counts_as_what_it_stands_for(handbook):
    """«PTO» stands in no document; what it stands for does, word for word."""
    question = "Does every full-time employee have PTO a year?"
    before = await handbook.kb.answers.evident(question, access.owner())
    await handbook.kb.write(handbook.kb.glossary.set, handbook.owner, "PTO", "paid leave")
    after = await handbook.kb.answers.evident(question, access.owner())
    assert after.sure > before.sure
    assert after.band() == evidence.SURE


async def test_a_receipt_has_the_prompt_that_was_sent_also_of_an_earlier_edition(house):
    """As it was sent: with what the newest edition was called then."""
    house.follow()
    for year, euros in ((2022, 26), (2025, 32)):
        policy = f"The daily meal allowance is {euros} euros for each day away."
        house.write(f"Travel policy {year}.txt", f"Travel policy\n\n{policy}\n")
    await house.ingest()
    with FakeOllama(Says(["The daily meal allowance is 26 euros for each day away [1]."])) as fake:
        house.kb.__dict__["model"] = Ollama(Llm(url=fake.url))
        answer = await told(house, "What was the daily meal allowance in 2022?")
    assert (answer.mode, answer.notice.parameters["newest"]) == ("generated", "2025")
    receipt = house.kb.receipts.receipt(house.owner, answer.id)
    assert "the newest edition is 2025" in receipt.messages[1]["content"]
    assert receipt.intact
