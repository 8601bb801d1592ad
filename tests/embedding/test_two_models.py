"""Two models side by side: which of them embeds what, and is asked what."""

import json
import shutil

import msgspec
import numpy as np
import pytest

from kb.cli.ingesting import run_of
from kb.embedding import chosen, models
from kb.embedding.client import Embeddings
from kb.embedding.models import engine_fingerprint, fingerprint
from kb.embedding.pinned import ENGLISH, MULTILINGUAL
from kb.embedding.questions import QuestionVectors, QueryVector
from kb.embedding.scale import Scale
from kb.errors import ConfigurationError, RetryableError
from kb.settings import Embedding
from tests.parts.house import House
from tests.parts.weights import with_models

BOTH = (MULTILINGUAL, ENGLISH)


def test_what_is_named_is_what_embeds():
    assert chosen.named(Embedding()) == ()
    assert chosen.named(Embedding(model="bundled")) == (ENGLISH,)
    assert chosen.named(Embedding(model="mine")) == ("mine",)
    assert chosen.named(Embedding(models=("bundled", "mine", ENGLISH))) == (ENGLISH, "mine")
    assert chosen.named(Embedding(models=("mine",), model="other")) == ("mine",)


def test_where_nothing_is_named_it_is_what_is_here(models_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("kb.embedding.places.BESIDE_PROGRAM", tmp_path / "none")
    assert chosen.here(Embedding(models_dir=str(tmp_path))) == (ENGLISH,)
    assert chosen.here(Embedding(models_dir=str(models_dir))) == BOTH
    monkeypatch.setattr("kb.embedding.places.BESIDE_PROGRAM", models_dir)
    assert chosen.here(Embedding(models_dir=str(tmp_path))) == BOTH


def test_digest_and_prompts_that_are_set_are_the_first_ones():
    settings = Embedding(models=("a", "b"), sha256="0" * 64, query_prompt="q", runtime="torch")
    first, second = chosen.each(settings)
    assert (first.model, first.sha256, first.query_prompt, first.runtime) == (
        "a", "0" * 64, "q", "torch",
    )  # fmt: skip
    assert (second.model, second.sha256, second.query_prompt, second.runtime) == (
        "b", "", "auto", "torch",
    )  # fmt: skip


def test_one_process_has_the_same_models_in_whatever_order(models_dir):
    settings = [
        Embedding(models=names, models_dir=str(models_dir))
        for names in (BOTH, BOTH[::-1], (ENGLISH,))
    ]
    one, other, english = map(engine_fingerprint, settings)
    assert one == other != english


def test_one_model_by_whatever_setting_is_the_same(models_dir):
    """Vectors of earlier releases hold; a model that is named twice embeds once."""
    names = ("bundled", ENGLISH, "")
    assert len({fingerprint(Embedding(model=name)) for name in names}) == 1
    folder = str(models.find(Embedding()).folder)
    twice = Embeddings(msgspec.structs.replace(
        settings_of(models_dir), embedding=Embedding(models=(ENGLISH, folder))
    ))  # fmt: skip
    assert [model.name for model in twice.models] == [ENGLISH]


def settings_of(models_dir):
    from kb import settings as settings_module

    return settings_module.load({"data_dir": str(models_dir.parent / "nowhere")}, {})


def test_the_indexs_models_are_used_unless_the_settings_name_some(models_dir, tmp_path):
    settings = settings_of(models_dir)
    embedding = Embedding(models_dir=str(models_dir))
    open_ = Embeddings(msgspec.structs.replace(settings, embedding=embedding))
    assert open_.names == BOTH
    assert open_.follow([ENGLISH]) and open_.names == (ENGLISH,)
    assert not open_.follow([ENGLISH])
    assert open_.settings.embedding.models == (ENGLISH,)
    with pytest.raises(ConfigurationError, match="gone"):
        open_.follow(["gone"])
    assert open_.names == (ENGLISH,)
    fixed = msgspec.structs.replace(embedding, models=(MULTILINGUAL,))
    named = Embeddings(msgspec.structs.replace(settings, embedding=fixed))
    assert not named.follow([ENGLISH])
    assert named.names == (MULTILINGUAL,)


# --- in one process


@pytest.fixture
async def both(settings, models_dir, tmp_path):
    made = Embeddings(with_models(settings, models_dir, *BOTH))
    yield made
    await made.engine.close()


async def test_one_process_serves_both(both, settings):
    """Each vector is that of its model: as one that has it alone computes it."""
    question = await both.query("Where is the pump?")
    multilingual, english = (model.fingerprint for model in both.models)
    assert list(question.by) == [multilingual, english]
    assert [one.computed_by for one in question.by.values()] == [
        "multilingual-e5-small, openvino float32", "all-MiniLM-L6-v2, openvino float32",
    ]  # fmt: skip
    alone = Embeddings(settings)
    [by] = (await alone.query("Where is the pump?")).by.values()
    assert alike(question.by[english].vector, by.vector) > 0.9999
    texts = ["The pump is oiled.", "Le parc est fermé.", "Der Bus fährt nicht."]
    expected = await alone.passages(texts)
    found = await both.passages(texts, model=english)
    assert min(map(alike, found, expected)) > 0.9999
    by_default = await both.texts(texts)
    assert min(map(alike, by_default, await both.passages(texts, model=multilingual))) > 0.9999
    assert max(map(alike, by_default, expected)) < 0.9
    [one] = await both.questions(["Where is the pump?"], multilingual)
    assert alike(one, question.by[multilingual].vector) > 0.9999
    met = [await both.matches("Where is the pump?", texts, m) for m in (multilingual, english)]
    expected_met = await alone.matches("Where is the pump?", texts)
    assert np.array(met[1]) == pytest.approx(np.array(expected_met), abs=1e-3)
    assert met[0] != met[1]
    computing = [(one.model, one.runtime) for one in await both.computing()]
    assert computing == [("multilingual-e5-small", "openvino"), ("all-MiniLM-L6-v2", "openvino")]
    assert (await both.scale()).multilingual and not (await both.scale(english)).multilingual


async def test_each_model_embeds_the_passages_whose_language_it_knows(both):
    assert [m.name for m in await both.for_language("en")] == [MULTILINGUAL, ENGLISH]
    for language in ("de", "el", None):
        assert [m.name for m in await both.for_language(language)] == [MULTILINGUAL]


async def test_a_model_that_is_not_used_any_more_is_an_error_that_passes(both):
    with pytest.raises(RetryableError):
        await both.texts(["The pump is oiled."], "0" * 32)
    with pytest.raises(RetryableError):
        await both.scale("0" * 32)


def alike(left, right) -> float:
    return float(np.frombuffer(left, "<f4") @ np.frombuffer(right, "<f4"))


# --- which of them are heard


def asked(fertility: float, *languages: str, multilingual: bool = False) -> QueryVector:
    scale = Scale(languages=languages, multilingual=multilingual, fertility=1.5)
    return QueryVector(b"", fertility, scale)


ENGLISH_ONE, GERMAN_ONE = asked(1.7, "en"), asked(1.8, "de")
EVERY_ONE = asked(2.0, "en", "de", "fr", multilingual=True)


def test_a_question_is_put_to_the_models_that_know_its_language():
    """The first is the one by which evidence is read: one that knows every language."""
    question = QuestionVectors({"english": ENGLISH_ONE, "every": EVERY_ONE})
    assert list(question.knowing("en")) == ["every", "english"]
    assert list(question.knowing("el")) == ["every"]
    assert question.reading("en") == ("every", EVERY_ONE)
    assert question.understood("el")
    familiar = QuestionVectors({"english": asked(1.2, "en"), "every": EVERY_ONE})
    assert list(familiar.knowing("la")) == ["every", "english"], "its words are known"


def test_where_no_model_knows_the_language_all_are_asked():
    question = QuestionVectors({"english": ENGLISH_ONE, "german": GERMAN_ONE})
    assert list(question.knowing("el")) == ["english", "german"]
    assert list(question.knowing("de")) == ["german"]
    assert question.reading("de") == ("german", GERMAN_ONE)
    assert not question.understood("el")


async def test_no_passage_is_longer_than_any_of_the_models_reads(settings, models_dir, tmp_path):
    """The second reads 64 pieces, its own two marks and a prompt of three among them."""
    folder = tmp_path / "short"
    shutil.copytree(models.find(Embedding()).folder, folder)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 64}')
    prompts = {"prompts": {"query": "", "document": "a text: "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    longest = []
    for names in ((ENGLISH,), (ENGLISH, str(folder))):
        house = House(with_models(settings, models_dir, *names), tmp_path / "files")
        house.follow("-".join(str(len(name)) for name in names))
        preparer = run_of(house.kb, house.kb.sources.all()[-1]).preparer
        longest.append(preparer._longest)
        await house.kb.close()
    assert longest == [254, 64 - 3 - 2]
