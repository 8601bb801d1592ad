"""What the embedder computes with: what was measured as best here, and what happens where one fails."""

import os
import shutil
import sys
import time

import msgspec
import psutil
import pytest

from kb.embedding import models, opening, record, starting
from kb.embedding.client import Embeddings
from kb.embedding.computing import Computing
from kb.embedding.runtimes import bert, compiled
from kb.embedding.starting import start
from kb.errors import ConfigurationError
from kb.settings import Embedding
from tests.embedding.chosen import FAST, GOOD, SLOW, kept, recorded, with_embedding
from tests.parts.processes import wait_for


def test_the_embedder_starts_with_what_was_measured(settings):
    wanted = with_embedding(settings)
    begun = start(wanted, recorded(settings, SLOW, GOOD, FAST))
    assert (begun.runtime.name, begun.runtime.dtype, begun.problem) == ("openvino", "int8", "")


def test_without_openvino_torch_does_it_and_says_so(settings, monkeypatch):
    def missing():
        raise ConfigurationError("OpenVINO cannot be loaded: no wheel", code="runtime_missing")

    monkeypatch.setattr(compiled, "library", missing)
    for wanted in (with_embedding(settings), with_embedding(settings, runtime="openvino")):
        begun = start(wanted, None)
        assert (begun.runtime.name, begun.runtime.dtype) == ("torch", "float32")
        assert "no wheel" in begun.problem


def test_without_torch_openvino_does_it_and_says_so(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for wanted in (with_embedding(settings), with_embedding(settings, runtime="openvino")):
        begun = start(wanted, None)
        assert (begun.runtime.name, begun.runtime.dtype, begun.problem) == (
            "openvino",
            "float32",
            "",
        )
    begun = start(with_embedding(settings, runtime="torch", dtype="float32"), None)
    assert begun.runtime.name == "openvino"
    assert "torch in float32 cannot be used: Torch cannot be loaded" in begun.problem


def test_an_old_processor_is_not_tried(settings, monkeypatch, tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("model name\t: Old\nflags\t\t: fpu sse sse2\n")
    monkeypatch.setattr(opening, "CPUINFO", cpuinfo)
    begun = start(with_embedding(settings), None)
    assert begun.runtime.name == "torch"
    assert "without AVX2" in begun.problem


def test_a_model_that_is_no_bert_goes_by_torch(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(models.find(Embedding()).folder, folder)
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"gelu"', '"relu"'))
    with pytest.raises(ConfigurationError) as refused:
        bert.Shape.of(folder)
    assert refused.value.code == "model_needs_torch"


@pytest.mark.usefixtures("cold_engines")
async def test_the_embedder_loads_no_torch_unless_it_is_chosen(settings, tmp_path):
    engines = msgspec.structs.replace(settings.engines, embedder_dir=str(tmp_path / "e"))
    settings = msgspec.structs.replace(settings, engines=engines)
    settings = with_embedding(settings, runtime="openvino", dtype="float32")
    embeddings = Embeddings(settings)
    assert await embeddings.computing() == (Computing("all-MiniLM-L6-v2"),)
    found = await embeddings.query("Where is the pump?")
    assert found.computed_by == "all-MiniLM-L6-v2, openvino float32"
    [computing] = await embeddings.computing()
    assert (computing.runtime, computing.dtype, computing.problem) == ("openvino", "float32", "")
    [engine] = [
        p for p in psutil.process_iter(["cmdline"])
        if {"kb.embedding.process", str(embeddings.engine._socket)} <= set(p.info["cmdline"] or ())
    ]  # fmt: skip
    mapped = {os.path.basename(m.path) for m in engine.memory_maps()}
    assert any("openvino" in name for name in mapped)
    assert not any("torch" in name for name in mapped)
    await embeddings.engine.leave()
    await embeddings.engine.close()


@pytest.mark.slow
async def test_where_nothing_was_measured_it_is_measured_beside_the_work(settings, tmp_path):
    """It answers meanwhile, and goes on with what was best."""
    engines = msgspec.structs.replace(settings.engines, embedder_dir=str(tmp_path / "e"))
    settings = with_embedding(settings, runtime="openvino")
    settings = msgspec.structs.replace(settings, engines=engines)
    embeddings = Embeddings(settings)
    try:
        before = await embeddings.query("Where is the pump?")
        assert before.computed_by.endswith("openvino float32")
        wait_for(lambda: kept(settings))
        assert {one.runtime for one in kept(settings).tried} == {"openvino"}, "no torch is loaded"
        best = kept(settings).best(settings.embedding)
        wait_for_it = f"all-MiniLM-L6-v2, {best.runtime} {best.dtype}"
        while (await embeddings.query("Where is the pump?")).computed_by != wait_for_it:
            time.sleep(0.1)
        computing = await embeddings.computing()
        assert computing == (Computing("all-MiniLM-L6-v2", best.runtime, best.dtype, best.rate),)
        assert best.rate > 0
    finally:
        await embeddings.engine.leave()
        await embeddings.engine.close()


def test_names_of_what_is_sure_are_candidates():
    assert set(starting.SURE) <= set(record.CANDIDATES)


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"dtype": "int8"}, [("openvino", "int8")]),
        ({"dtype": "bfloat16"}, [("torch", "bfloat16")]),
        ({"runtime": "torch", "dtype": "int8"}, []),
        ({"runtime": "openvino"}, [("openvino", "float32"), ("openvino", "int8")]),
    ],
)
def test_what_settings_leave_needs_measuring_where_it_is_more_than_one(settings, changes, left):
    chosen = with_embedding(settings, device="cpu", **changes)
    assert record.left_by(chosen.embedding) == left
    assert record.is_open(chosen.embedding) == (len(left) > 1)
    if not left:
        assert "no int8 by" in start(chosen, None).problem
    if len(left) == 1 and left[0][0] == "openvino":
        begun = start(chosen, None)
        assert (begun.runtime.name, begun.runtime.dtype) == left[0]
