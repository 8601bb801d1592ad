"""Folders with models that are none: each is an error of ours, wherever somebody comes upon it."""

import json
import os
import shutil
import struct
from pathlib import Path

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from kb.embedding import models, trials, trying
from kb.embedding.pinned import ENGLISH
from kb.embedding.places import ModelManifest
from kb.embedding.starting import start
from kb.embedding.trials import EndedTrial
from kb.errors import ConfigurationError, KbError, UsageError, told
from kb.upkeep.models import register_of
from kb.models import adding, contents
from tests.embedding.chosen import with_embedding
from tests.models.test_adding import on
from tests.parts import tiny
from tests.parts.slowly import slow

CODES = {"not_a_model", "model_pickled", "model_wants_code"}
WEIGHTS = "model.safetensors"


def says(name, **changes):
    """Something else than the file says; None takes a line out."""

    def spoil(folder):
        said = json.loads((folder / name).read_text()) | changes
        (folder / name).write_text(json.dumps({k: v for k, v in said.items() if v is not None}))

    return spoil


def holds(name, content):
    def spoil(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_bytes(content)

    return spoil


def gone(name):
    return lambda folder: (folder / name).unlink()


def cut(name, to):
    return lambda folder: holds(name, (folder / name).read_bytes()[:to])(folder)


def tensors(change):
    """Other tensors in a file that is as whole as before."""

    def spoil(folder):
        found = load_file(folder / WEIGHTS)
        save_file(change(found), folder / WEIGHTS, metadata={"format": "pt"})

    return spoil


def head(change):
    """A head that says something else of the same numbers."""

    def spoil(folder):
        content = (folder / WEIGHTS).read_bytes()
        length = struct.unpack("<Q", content[:8])[0]
        said = json.loads(content[8 : 8 + length])
        change(said)
        new = json.dumps(said).encode()
        (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(new)) + new + content[8 + length :])

    return spoil


def module(**changes):
    def spoil(folder):
        said = json.loads((folder / "modules.json").read_text())
        said[1] |= changes
        (folder / "modules.json").write_text(json.dumps(said))

    return spoil


def linked(name, target):
    def spoil(folder):
        shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()
        (folder / name).symlink_to(target)

    return spoil


def fifo(name):
    return lambda folder: (gone(name)(folder), os.mkfifo(folder / name))


def more_pieces(folder):
    tiny.tokenizer([*tiny.PIECES, "pumps", "valves"]).save(str(folder / "tokenizer.json"))


def sparse(name, size):
    def spoil(folder):
        with (folder / name).open("wb") as file:
            file.truncate(size)

    return spoil


LAYER = "encoder.layer.1.output.dense.weight"
ENDLESS = "a tokenizer without an end"
"""All of its 3 GB are read, which takes 8 s of processor."""
SPOILED = {
    "no configuration": gone("config.json"),
    "a configuration that is a list": holds("config.json", b"[1, 2]"),
    "a configuration of nothing": holds("config.json", b""),
    "a configuration that is no text": holds("config.json", b"\xff\xfe\x00"),
    "a configuration without an end of brackets": holds("config.json", b"[" * 100_000),
    "a configuration without an end": sparse("config.json", 40_000_000_000),
    "a configuration that waits": fifo("config.json"),
    "no dimensions": says("config.json", hidden_size=0),
    "dimensions in words": says("config.json", hidden_size="many"),
    "no layers": says("config.json", num_hidden_layers=0),
    "heads that do not share the width": says("config.json", num_attention_heads=3),
    "more layers than there are": says("config.json", num_hidden_layers=3),
    "an unknown kind": says("config.json", model_type="nothing"),
    "a kind by another type": says("config.json", model_type=[1]),
    "pieces that are fewer": says("config.json", vocab_size=5),
    "no tokenizer": gone("tokenizer.json"),
    "a tokenizer of nothing": holds("tokenizer.json", b""),
    "a tokenizer that is a list": holds("tokenizer.json", b"[]"),
    "a tokenizer without a model": holds("tokenizer.json", b'{"version": "1.0"}'),
    "a tokenizer that is cut off": cut("tokenizer.json", 300),
    ENDLESS: sparse("tokenizer.json", 3_000_000_000),
    "a tokenizer that knows more pieces than the weights": more_pieces,
    "no weights": gone(WEIGHTS),
    "weights of 0 bytes": holds(WEIGHTS, b""),
    "weights of 7 bytes": holds(WEIGHTS, b"1234567"),
    "weights that are cut off": cut(WEIGHTS, -4),
    "weights with a head of almost everything": holds(WEIGHTS, b"\xff" * 8 + b"{}"),
    "weights with a head that is too long": holds(WEIGHTS, struct.pack("<Q", 2**40) + b"{}" * 50),
    "weights with a head that is no object": holds(WEIGHTS, struct.pack("<Q", 2) + b"[]"),
    "weights without a tensor": holds(WEIGHTS, struct.pack("<Q", 2) + b"{}"),
    "weights in an unknown format": head(lambda said: said[LAYER].update(dtype="F7")),
    "weights in a format of another size": head(lambda said: said[LAYER].update(dtype="F16")),
    "weights of another shape": head(lambda said: said[LAYER].update(shape=[1, 2])),
    "weights of a shape below nothing": head(lambda said: said[LAYER].update(shape=[-16, -32])),
    "weights whose place is a text": head(lambda said: said[LAYER].update(data_offsets=["0", "9"])),
    "weights whose tensor is a number": head(lambda said: said.update({LAYER: 3})),
    "weights that lie across": tensors(lambda found: found | {LAYER: found[LAYER].T.copy()}),
    "weights of whole numbers": tensors(lambda found: {k: v.astype("i1") for k, v in found.items()}),
    "a tensor that is missing": tensors(
        lambda found: {k: v for k, v in found.items() if k != LAYER}
    ),
    "weights that are no numbers": tensors(
        lambda found: {k: np.full_like(v, np.nan) for k, v in found.items()}
    ),
    "one weight that is no number": tensors(
        lambda found: found | {LAYER: np.where(found[LAYER] == found[LAYER].max(), np.nan, found[LAYER])}
    ),
    "weights that overflow": tensors(lambda found: found | {LAYER: found[LAYER] * np.float32(3e38)}),
    "pickled weights": lambda folder: (folder / WEIGHTS).rename(folder / "pytorch_model.bin"),
    "a longest text that has no places": says("sentence_bert_config.json", max_seq_length=200),
    "a pooling that is a list": holds("1_Pooling/config.json", b"[]"),
    "a pooling that is cut off": cut("1_Pooling/config.json", 9),
    "a pooling that is missing": lambda folder: shutil.rmtree(folder / "1_Pooling"),
    "modules that are no list": holds("modules.json", b'{"a": 1}'),
    "modules that are numbers": holds("modules.json", b"[1, 2]"),
    "a module of nobody": module(type=f"{tiny.KIND}.Nothing"),
    "a module with code of its own": module(type="own.Pooling"),
    "a module whose kind is a number": module(type=5),
    "a module outside": module(path="../../elsewhere"),
    "a module at the root": module(path="/etc"),
    "prompts that are numbers": holds("config_sentence_transformers.json", b'{"prompts": {"query": 3}}'),
    "prompts that are a list": holds("config_sentence_transformers.json", b'{"prompts": [1]}'),
    "a longest text of a list": holds("sentence_bert_config.json", b"[]"),
}  # fmt: skip
ONLY_FROM_OUTSIDE = {
    "a card from elsewhere": linked("tokenizer_config.json", "/etc/passwd"),
    "weights from elsewhere": linked(WEIGHTS, "/proc/self/mem"),
    "a name that is no text": lambda folder: (folder / os.fsdecode(b"\xff.json")).write_text("{}"),
}
"""These may not come in; a model that the settings name is the administrator's own."""


@pytest.fixture
def brought(tmp_path):
    return tiny.model(tmp_path / "brought")


def tried_here(_module: str, folder: str) -> EndedTrial:
    """A trial as its process would end, in this one."""
    try:
        trying._open(Path(folder))
    except KbError as error:
        return EndedTrial([msgspec.json.encode(told(error))], "", well=False)
    return EndedTrial([], "", well=True)


IN_A_PROCESS = "a tensor that is missing"


@pytest.mark.slow
@pytest.mark.parametrize("spoiled", [*SPOILED, *ONLY_FROM_OUTSIDE])
def test_none_comes_in(brought, tmp_path, monkeypatch, spoiled):
    """One is tried in a process of its own as all are; there torch takes 8 s of processor each time."""
    if spoiled != IN_A_PROCESS:
        monkeypatch.setattr(trials, "run", tried_here)
    (SPOILED | ONLY_FROM_OUTSIDE)[spoiled](brought)
    with pytest.raises(UsageError) as refused:
        adding.add_folder(brought, tmp_path / "shelf", "mine")
    assert refused.value.code in CODES
    assert on(tmp_path / "shelf") == []


@pytest.mark.parametrize(
    "spoiled", [*(name for name in SPOILED if name != ENDLESS), *slow(ENDLESS)]
)
def test_none_embeds(brought, settings, spoiled):
    """Named by the settings: said when the model is looked for, or when it is opened."""
    SPOILED[spoiled](brought)
    chosen = with_embedding(settings, model=str(brought), device="cpu")
    with pytest.raises(ConfigurationError) as refused:
        start(chosen, None)
    assert any(named in refused.value.message for named in (str(brought), "embedding.model"))


@pytest.mark.slow
def test_the_register_shows_the_others_beside_each(settings, tmp_path, monkeypatch):
    """All of them lie on the shelf, as models that were spoiled after they were added.

    Of another size than it had, a file is another, and is not read: one here has 40 GB.
    """
    shelf = tmp_path / "data" / "models"
    for number, spoil in enumerate(SPOILED.values()):
        folder = tiny.model(shelf / f"m{number}")
        for file in folder.rglob("*"):
            os.utime(file, (1e9, 1e9))
        contents.write_down(
            folder, ModelManifest(name=folder.name, title="x", origin="y", files={})
        )
        spoil(folder)
    (shelf / "m0" / "commonplace.json").write_text("{")
    register = register_of(settings)
    found = {model.name: model for model in register.on_disk()}
    assert len(found) == len(SPOILED) + 1
    assert found[ENGLISH].problem == ""
    assert all(found[f"m{number}"].problem for number in range(len(SPOILED)))
    assert all(msgspec.json.encode(model) for model in found.values())
    read, digest_of = [], models.digest_of
    monkeypatch.setattr(models, "digest_of", lambda file: read.append(file) or digest_of(file))
    verified = {one.name: one.changed for one in register.verify(None)}
    assert verified[ENGLISH] == ()
    assert all(verified[f"m{number}"] for number in range(len(SPOILED)))
    assert read
    assert max(file.stat().st_size for file in read) < 1e9


def test_a_whole_one_comes_in_by_any_name_of_a_folder(brought, tmp_path):
    folder = brought.rename(tmp_path / "Modèle ☃")
    added = adding.add_folder(folder, tmp_path / "shelf", "mine")
    trying.check(added.folder)
    assert contents.is_whole(added.folder)


def test_the_links_of_a_hubs_cache_are_followed(brought, tmp_path):
    cache = tmp_path / "models--org--name"
    (cache / "blobs").mkdir(parents=True)
    snapshot = cache / "snapshots" / "abc"
    shutil.copytree(brought, snapshot)
    (snapshot / WEIGHTS).rename(cache / "blobs" / "w")
    (snapshot / WEIGHTS).symlink_to("../../blobs/w")
    added = adding.add_folder(snapshot, tmp_path / "shelf", "mine")
    assert not (added.folder / WEIGHTS).is_symlink()


def test_weights_that_change_while_the_model_is_in_use_are_seen(brought, settings):
    """A runtime that is opened again reads the file again."""
    chosen = with_embedding(settings, model=str(brought), runtime="openvino", dtype="float32")
    start(chosen, None)
    tensors(lambda found: found | {LAYER: found[LAYER] * 2})(brought)
    with pytest.raises(ConfigurationError) as refused:
        start(chosen, None)
    assert refused.value.code == "model_changed"
    models.find.cache_clear()
