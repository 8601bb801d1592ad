"""What a model's folder says of it is used."""

import hashlib
import json
import shutil

import pytest

from kb.embedding import folders, models
from kb.embedding.models import TokenCounter
from kb.embedding.runtimes.bert import Shape
from kb.errors import ConfigurationError
from kb.settings import Embedding
from tests.parts import heads

E5 = {"prompts": {"query": "query: ", "document": "passage: "}, "default_prompt_name": None}


@pytest.fixture
def folder(tmp_path):
    """A copy of the default model, of which a test may change what it says."""
    made = tmp_path / "mine"
    shutil.copytree(models.find(Embedding()).folder, made)
    return made


def say(file, value):
    file.write_text(json.dumps(value), encoding="utf-8")


def test_the_prompts_of_its_folder_are_the_models(folder):
    say(folder / "config_sentence_transformers.json", E5)
    found = models.find(Embedding(model=str(folder)))
    assert (found.query_prompt, found.passage_prompt) == ("query: ", "passage: ")
    set_ = Embedding(model=str(folder), query_prompt="", passage_prompt="text: ")
    assert models.find(set_).query_prompt == ""
    assert models.find(set_).passage_prompt == "text: "
    assert models.fingerprint(set_) != models.fingerprint(Embedding(model=str(folder)))


@pytest.mark.parametrize(
    ("said", "query", "passage"),
    [
        ({"prompts": {"query": "Q: ", "passage": "P: "}}, "Q: ", "P: "),
        ({"prompts": {"query": "Q: ", "corpus": "C: ", "document": "D: "}}, "Q: ", "D: "),
        ({"prompts": {"x": "X: "}, "default_prompt_name": "x"}, "X: ", "X: "),
        ({"prompts": {"query": "", "document": ""}}, "", ""),
        ({"prompts": None}, None, None),
    ],
)
def test_prompts_are_looked_for_as_sentence_transformers_does(tmp_path, said, query, passage):
    say(tmp_path / "config_sentence_transformers.json", said)
    assert folders.prompts(tmp_path) == folders.Prompts(query, passage)


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("multilingual-e5-small", ["query", "passage"]),
        ("bge-small-en-v1.5", ["query"]),
        ("gte-Qwen2-1.5B-instruct", ["query"]),
        ("nomic-embed-text-v1.5", ["query", "passage"]),
        ("bge-m3", []),
        ("gte-base-en-v1.5", []),
        ("all-MiniLM-L6-v2", []),
        ("e500-report", []),
    ],
)
def test_a_family_that_needs_prompts_is_known_by_its_name(folder, name, lacks):
    (folder / "README.md").write_text(f"---\nbase_model: someone/{name}\n---\nA copy.\n")
    told = models.find(Embedding(model=str(folder))).problem
    assert [n for n in ("query", "passage") if f"embedding.{n}_prompt" in told] == lacks
    given = Embedding(model=str(folder), query_prompt="query: ", passage_prompt="passage: ")
    assert models.find(given).problem == ""


def test_how_long_a_text_is_read_is_the_folders_word(folder):
    assert folders.max_tokens(folder) == 256
    (folder / "sentence_bert_config.json").unlink()
    say(folder / "tokenizer_config.json", {"model_max_length": 10**30})
    assert folders.max_tokens(folder) == 512  # what config.json says of its positions
    say(folder / "tokenizer_config.json", {"model_max_length": 128})
    assert folders.max_tokens(folder) == 128


def test_a_prompt_takes_its_tokens_off_what_a_passage_may_have():
    counter = TokenCounter(models.find(Embedding()))
    assert counter.marks == (1, 1)
    assert counter.room(256, "") == 254
    assert counter.room(100, "passage: ") == 98  # the window has room for both
    assert counter.room(1000, "passage: ") == 254 - counter.count("passage:")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"README.md": "---\nlicense: mit\n---\n", "LICENSE": "Apache License"}, "mit"),
        ({"README.md": "No head.", "LICENSE": "\n  Apache License\nVersion 2.0"}, "Apache License"),
        ({"LICENCE.txt": "MIT License\n"}, "MIT License"),
        ({}, None),
    ],
)
def test_the_licence_is_the_cards_else_the_files(tmp_path, files, said):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert folders.licence(tmp_path) == said


@pytest.mark.parametrize(
    ("said", "pooling"),
    [
        ({"pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode": "cls"}, "cls"),
        ({"pooling_mode_lasttoken": True}, None),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}, None),
    ],
)
def test_a_pooling_that_the_graph_has_not_goes_by_torch(folder, said, pooling):
    say(folder / "1_Pooling" / "config.json", said)
    assert folders.pooling(folder) == pooling
    if pooling is None:
        with pytest.raises(ConfigurationError):
            Shape.of(folder)
    else:
        assert Shape.of(folder).pooling == pooling


def test_another_pooling_or_head_makes_other_vectors_by_the_same_weights(folder, tmp_path):
    plain = models.find(Embedding())
    before = hashlib.sha256("\0".join([plain.digest, "float32", "", ""]).encode()).hexdigest()[:32]
    assert models.fingerprint(Embedding()) == before  # indexes that are there hold
    headed = Embedding(model=str(heads.squeezed(tmp_path / "headed", 0.3)))
    say(folder / "1_Pooling" / "config.json", {"pooling_mode_cls_token": True})
    others = {models.fingerprint(one) for one in (headed, Embedding(model=str(folder)))}
    assert len(others | {before}) == 3


@pytest.mark.parametrize("file", ["config_sentence_transformers.json", "modules.json"])
@pytest.mark.parametrize("content", ["{", "3"])
def test_a_damaged_file_is_named(folder, file, content):
    (folder / file).write_text(content)
    with pytest.raises(ConfigurationError, match=file) as refused:
        models.find(Embedding(model=str(folder)))
    assert refused.value.code == "model_damaged"
