"""Folders that somebody brings: what may come in, and what is refused."""

import json
import shutil

import pytest

from kb.embedding import models, opening
from kb.errors import ConflictError, UsageError
from kb.models import adding, folders
from kb.settings import Embedding
from tests.models.test_adding import on


@pytest.fixture
def brought(tmp_path):
    """The English model as a folder of somebody's."""
    folder = tmp_path / "brought"
    shutil.copytree(models.find(Embedding()).folder, folder)
    return folder


def test_a_folder_becomes_a_model_of_its_name(brought, tmp_path):
    (brought / "pytorch_model.bin").write_bytes(b"pickled")
    (brought / "modeling_own.py").write_text("raise SystemExit")
    added = adding.add_folder(brought, tmp_path / "shelf", None)
    assert (added.name, added.left_behind) == ("brought", ("pytorch_model.bin",))
    assert not [f for f in added.folder.rglob("*") if f.suffix in {".bin", ".py"}]
    chosen = Embedding(model="brought", models_dir=str(tmp_path / "shelf"))
    runtime = opening.open_runtime(chosen, "openvino", "float32", tmp_path)
    assert runtime.vectors(["The pump is oiled."]).shape == (1, 384)
    with pytest.raises(ConflictError):
        adding.add_folder(brought, tmp_path / "shelf", None)


def _auto_map(folder):
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "modeling_own.Own"}
    (folder / "config.json").write_text(json.dumps(config))


def _own_module(folder):
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "modeling_own.Transformer"
    (folder / "modules.json").write_text(json.dumps(modules))


def _pickled(folder):
    (folder / models.WEIGHTS).rename(folder / "pytorch_model.bin")


def _pickled_module(folder):
    (folder / "1_Pooling" / "pytorch_model.bin").write_bytes(b"pickled")


def _cut(folder):
    content = (folder / models.WEIGHTS).read_bytes()
    (folder / models.WEIGHTS).write_bytes(content[:-4])


DAMAGES = {
    "auto_map": (_auto_map, "model_wants_code"),
    "a module of its own": (_own_module, "model_wants_code"),
    "pickled weights": (_pickled, "model_pickled"),
    "a module's pickled weights": (_pickled_module, "model_pickled"),
    "weights cut off": (_cut, "not_a_model"),
    "weights of 0 bytes": (lambda f: (f / models.WEIGHTS).write_bytes(b""), "not_a_model"),
    "weights that are none": (
        lambda f: (f / models.WEIGHTS).write_bytes(b"\xff" * 900),
        "not_a_model",
    ),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "not_a_model"),
    "no modules": (lambda f: (f / "modules.json").unlink(), "not_a_model"),
    "a configuration that is none": (lambda f: (f / "config.json").write_text("{"), "not_a_model"),
    "an empty folder": (lambda f: (shutil.rmtree(f), f.mkdir()), "not_a_model"),
    "no folder": (shutil.rmtree, "not_a_model"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_safe_and_whole_model_is_refused(brought, tmp_path, damage):
    spoil, code = DAMAGES[damage]
    spoil(brought)
    with pytest.raises(UsageError) as refused:
        adding.add_folder(brought, tmp_path / "shelf", None)
    assert refused.value.code == code
    assert on(tmp_path / "shelf") == []


@pytest.mark.parametrize("name", ["../up", "english", "bundled", "a b", "", ".hidden"])
def test_names_that_would_lead_elsewhere_are_refused(brought, tmp_path, name):
    if name == "":
        brought = brought.rename(tmp_path / "ümlaut")
    with pytest.raises(UsageError, match="--name"):
        adding.add_folder(brought, tmp_path / "shelf", name)
    assert on(tmp_path / "shelf") == []


def test_a_reranker_is_told_from_an_embedding_model(brought):
    (brought / "modules.json").unlink()
    config = json.loads((brought / "config.json").read_text())
    config["architectures"] = ["BertForSequenceClassification"]
    (brought / "config.json").write_text(json.dumps(config))
    assert folders.facts_of(brought).purpose == "reranking"


@pytest.mark.parametrize(
    ("head", "languages"),
    [
        ("language: en", ("en",)),
        ("language:\n- en\n- de", ("en", "de")),
        ("language: [it, fr]", ("it", "fr")),
    ],
)
def test_languages_are_those_of_the_card(brought, head, languages):
    (brought / "README.md").write_text(f"---\n{head}\nlicense: mit\n---\n# A model")
    assert folders.facts_of(brought).languages == languages
    assert folders.facts_of(brought).licence == "mit"
