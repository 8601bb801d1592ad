"""A question in one language, a document in another: what is answered, and what is quoted."""

import pytest

from kb.llm.ollama import Ollama
from kb.settings import Llm
from tests.parts.fake_models import FakeOllama, Says
from tests.parts.house import house_with
from tests.parts.weights import with_models

URLAUB = "Die Beschäftigten haben 30 Tage Urlaub im Jahr."
RULES = {
    "urlaub.txt": f"{URLAUB} Der Antrag wird bei der Leitung gestellt.",
    "ferry.txt": "The ferry to the island leaves at seven in the morning, every day but Sunday.",
}
ASKED = {
    "How many days of vacation do employees get?": "Employees have 30 days of vacation a year [1].",
    "Combien de jours de congé les employés ont-ils ?": "Les employés ont 30 jours de congé par an [1].",
    "Wie viele Urlaubstage gibt es?": "Es gibt 30 Tage Urlaub im Jahr [1].",
}


@pytest.fixture
async def rules(settings, tmp_path, models_dir):
    """With the models that a newcomer has."""
    async with house_with(with_models(settings, models_dir), tmp_path / "files", RULES) as made:
        yield made


@pytest.mark.parametrize("question", ASKED)
async def test_the_answer_is_in_the_questions_language_and_its_quotation_in_its_own(
    rules, question
):
    """The model is told so; what it writes in other words than the passage's is held by it."""
    with FakeOllama(Says([ASKED[question]])) as fake:
        rules.kb.__dict__["model"] = Ollama(Llm(url=fake.url))
        answer = await rules.kb.answers.answer(question, rules.owner)
    [told, _] = fake.asked[0]["messages"]
    assert "in the language of the question" in told["content"]
    assert answer.mode == "generated"
    [sentence] = answer.sentences
    assert (sentence.text, sentence.supported) == (
        ASKED[question].removesuffix(" [1].") + ".",
        True,
    )
    [cited] = answer.citations
    assert (cited.quote, cited.passage.chunk.language) == (URLAUB, "de")
    assert URLAUB in fake.asked[0]["messages"][1]["content"], "passages are not translated"


async def test_a_sentence_that_says_otherwise_is_not_held_across_languages_either(rules):
    with FakeOllama(Says(["Employees have 25 days of vacation a year [1]."])) as fake:
        rules.kb.__dict__["model"] = Ollama(Llm(url=fake.url))
        answer = await rules.kb.answers.answer(next(iter(ASKED)), rules.owner)
    assert [sentence.supported for sentence in answer.sentences] == [False]
