"""The 8-bit file: whole or not there, of this model, the same wherever it is made."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from kb.embedding import models, opening, record
from kb.embedding.runtimes import optimised, ranges
from kb.embedding.starting import start
from kb.errors import ConfigurationError
from kb.settings import Embedding

FILES = models.find(Embedding())
SPANS = ranges.shipped(FILES.digest)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    optimised.graph_file(FILES, SPANS, folder)
    return folder


@pytest.fixture
def copied(made, tmp_path):
    shutil.copytree(made, tmp_path / "models")
    return tmp_path / "models"


def names(folder):
    return {f.name for f in folder.iterdir()} - {optimised.LOCK}


def digests(folder):
    [made] = folder.glob("int8-*")
    return {f.name: models.digest_of(f) for f in made.iterdir()}


def test_it_is_the_same_wherever_it_is_made(made, tmp_path):
    optimised.graph_file(FILES, SPANS, tmp_path)
    assert digests(tmp_path) == digests(made)


def test_it_is_made_once(copied):
    file = optimised.graph_file(FILES, SPANS, copied)
    before = file.stat().st_mtime_ns
    assert optimised.graph_file(FILES, SPANS, copied) == file
    assert file.stat().st_mtime_ns == before


@pytest.mark.parametrize("part", [*optimised.PARTS, optimised.MADE_FROM])
@pytest.mark.parametrize("damage", ["cut off", "empty", "gone", "changed"])
def test_a_damaged_one_is_made_anew(copied, made, part, damage):
    [folder] = copied.glob("int8-*")
    content = (folder / part).read_bytes()
    if damage == "gone":
        (folder / part).unlink()
    else:
        other = {"cut off": content[:-100], "empty": b"", "changed": content[:-1] + b"?"}
        (folder / part).write_bytes(other[damage])
    optimised.graph_file(FILES, SPANS, copied)
    assert digests(copied) == digests(made)
    assert names(copied) == {folder.name}


def test_one_of_another_model_is_not_taken(copied, made):
    """It lies where ours should be: what it was made from says so."""
    [folder] = copied.glob("int8-*")
    said = json.loads((folder / optimised.MADE_FROM).read_text())
    (folder / optimised.MADE_FROM).write_text(json.dumps(said | {"weights": "0" * 64}))
    optimised.graph_file(FILES, SPANS, copied)
    assert digests(copied) == digests(made)


def test_other_ranges_make_another_file(copied):
    spans = dict(SPANS)
    name = next(iter(spans))
    spans[name] = ranges.Range(-9.0, 9.0)
    optimised.graph_file(FILES, spans, copied)
    assert len(list(copied.glob("int8-*"))) == 2


def test_models_that_share_their_weights_have_files_and_measurements_of_their_own(copied, tmp_path):
    """One takes the mean of its word pieces, the other the first: their vectors have little in common."""
    other = tmp_path / "other"
    shutil.copytree(FILES.folder, other)
    file = other / "1_Pooling" / "config.json"
    said = json.loads(file.read_text())
    said |= {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}
    file.write_text(json.dumps(said))
    chosen = Embedding(model=str(other))
    assert models.find(chosen).digest == FILES.digest
    exact, short = (
        opening.open_runtime(chosen, "openvino", dtype, copied).vectors(["The bus was late."])
        for dtype in ("float32", "int8")
    )
    assert (exact @ short.T).item() > record.LEAST_COSINE
    assert len(list(copied.glob("int8-*"))) == 2
    assert record.file_of(chosen, copied) != record.file_of(Embedding(), copied)


@pytest.mark.parametrize("content", ["[" * 200_000, "[]", "3"])
def test_a_folder_that_says_something_else_is_made_anew(copied, content):
    file = optimised.graph_file(FILES, SPANS, copied).parent / optimised.MADE_FROM
    file.write_text(content)
    optimised.graph_file(FILES, SPANS, copied)
    assert json.loads(file.read_text())["weights"] == FILES.digest


def test_what_earlier_ranges_made_is_cleared_away(copied):
    """Not what is news, which another release beside this one may use, nor another model's."""
    [earlier] = copied.glob("int8-*")
    others = [copied / f"int8-{name}" for name in ("news", "another", "damaged", "empty")]
    for other in others:
        shutil.copytree(earlier, other)
    (others[1] / optimised.MADE_FROM).write_text(json.dumps({"weights": "0" * 64}))
    (others[2] / optimised.MADE_FROM).write_text("[]")
    (others[3] / optimised.MADE_FROM).unlink()
    old = time.time() - 2 * optimised.FORGOTTEN_SECONDS
    for folder in (earlier, *others[1:]):
        os.utime(folder, (old, old))
    spans = dict(SPANS) | {next(iter(SPANS)): ranges.Range(-9.0, 9.0)}
    made = optimised.graph_file(FILES, spans, copied).parent
    assert names(copied) == {made.name, *(other.name for other in others)}


def test_ranges_of_a_models_own_may_be_damaged_and_an_earlier_file_shows_it(copied, monkeypatch):
    monkeypatch.setattr(optimised, "shipped", lambda _: None)
    [earlier] = copied.glob("int8-*")
    old = time.time() - 2 * optimised.FORGOTTEN_SECONDS
    os.utime(earlier, (old, old))
    spans = dict(SPANS) | {next(iter(SPANS)): ranges.Range(-9.0, 9.0)}
    made = optimised.graph_file(FILES, spans, copied).parent
    assert names(copied) == {earlier.name, made.name}


def test_a_killed_making_leaves_nothing_half(tmp_path, made):
    code = """
import os, sys
from pathlib import Path
from kb.embedding import models
from kb.embedding.runtimes import optimised, ranges
from kb.settings import Embedding
def killed(beside, folder):
    print("making", flush=True)
    sys.stdin.read()
optimised._keep = killed
files = models.find(Embedding())
optimised.graph_file(files, ranges.shipped(files.digest), Path(sys.argv[1]))
"""
    making = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert making.stdout.readline() == b"making\n"
    making.send_signal(signal.SIGKILL)
    making.wait()
    assert not list(tmp_path.glob("int8-*"))
    old = time.time() - 2 * optimised.FORGOTTEN_SECONDS
    for left in tmp_path.iterdir():
        os.utime(left, (old, old))
    optimised.graph_file(FILES, SPANS, tmp_path)
    assert digests(tmp_path) == digests(made)
    assert len(names(tmp_path)) == 1, "what the killed one left is cleared up"


def _make(folder, together):
    together.wait()
    optimised.graph_file(FILES, SPANS, folder)


def test_two_that_make_it_at_once_have_one(tmp_path, made):
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(2)
    both = [context.Process(target=_make, args=(tmp_path, together)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(300)
    assert [process.exitcode for process in both] == [0, 0]
    assert digests(tmp_path) == digests(made)
    assert len(names(tmp_path)) == 1


def test_what_somebody_else_has_made_meanwhile_is_taken_as_it_is(copied, monkeypatch):
    """Two find it damaged; the second does not take from the first what that one has made anew."""
    [folder] = copied.glob("int8-*")
    before = (folder / optimised.GRAPH).stat().st_ino
    looked, look = iter([False]), optimised._is_whole
    monkeypatch.setattr(optimised, "_is_whole", lambda *a: next(looked, True) and look(*a))
    assert optimised.graph_file(FILES, SPANS, copied).stat().st_ino == before


def test_one_makes_it_at_a_time(copied):
    """Whoever finds it damaged while somebody makes it waits, and touches nothing."""
    [folder] = copied.glob("int8-*")
    (folder / optimised.GRAPH).unlink()
    with ThreadPoolExecutor(1) as pool:
        with models.alone(copied / optimised.LOCK):
            second = pool.submit(optimised.graph_file, FILES, SPANS, copied)
            with pytest.raises(TimeoutError):
                second.result(2.0)
            assert {f.name for f in folder.iterdir()} == {"int8.bin", optimised.MADE_FROM}
            assert names(copied) == {folder.name}
        assert second.result(300).exists()


@pytest.mark.parametrize("left", [".making-x", ".damaged-x"])
def test_what_a_killed_one_left_is_cleared_up(copied, left):
    (copied / left).mkdir()
    old = time.time() - 2 * optimised.FORGOTTEN_SECONDS
    os.utime(copied / left, (old, old))
    optimised._clear_up(copied)
    assert left not in names(copied)


def test_ranges_that_somebody_changed_are_refused(tmp_path, monkeypatch):
    other = tmp_path / "ranges.json"
    other.write_bytes(ranges.SHIPPED.read_bytes().replace(b"-2.78", b"-0.01"))
    monkeypatch.setattr(ranges, "SHIPPED", other)
    with pytest.raises(ConfigurationError, match="Install it again"):
        ranges.shipped(FILES.digest)


@pytest.mark.slow
def test_shipped_ranges_are_those_that_are_measured(tmp_path, monkeypatch):
    """Measured again from the built-in texts, they are what the package has, to two digits."""
    monkeypatch.setattr(ranges, "shipped", lambda _: None)
    earlier = tmp_path / "int8-earlier"
    earlier.mkdir()
    (earlier / optimised.MADE_FROM).write_text(json.dumps({"weights": FILES.digest}))
    opening.optimise(Embedding(), tmp_path)
    assert not earlier.exists()
    again = opening.ranges_of(FILES, tmp_path)
    assert again.keys() == SPANS.keys()
    for name, span in again.items():
        assert list(span.exact) == list(SPANS[name].exact)
        assert (span.low, span.high) == pytest.approx((SPANS[name].low, SPANS[name].high), rel=0.02)


@pytest.mark.slow
def test_on_a_full_disk_another_runtime_does_it_meanwhile(settings, small_disk):
    """Said, and nothing wrong: the vectors are those of float32."""
    (small_disk / "filler").write_bytes(b"0" * 75_000_000)
    chosen = msgspec.structs.replace(
        settings.embedding, runtime="openvino", dtype="int8", derived_dir=str(small_disk / "models")
    )
    begun = start(msgspec.structs.replace(settings, embedding=chosen), None)
    assert (begun.runtime.name, begun.runtime.dtype) == ("openvino", "float32")
    assert "int8 cannot be used" in begun.problem
    assert "MB are free" in begun.problem
    assert not list((small_disk / "models").glob("int8-*"))
    (small_disk / "filler").unlink()
    begun = start(msgspec.structs.replace(settings, embedding=chosen), None)
    assert (begun.runtime.dtype, begun.problem) == ("int8", "")
