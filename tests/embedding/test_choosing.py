"""The runtime that is used: what was measured as best here, and what happens where one fails."""

import os
import time

import msgspec
import numpy as np
import psutil
import pytest

from kb.embedding import agreement, choosing, models, record, starting
from kb.embedding.client import Computing, Embeddings
from kb.embedding.record import Record, Tried
from kb.embedding.runtimes import bert, compiled
from kb.embedding.starting import start
from kb.errors import ConfigurationError
from kb.settings import Embedding
from tests.parts.processes import wait_for


def with_embedding(settings, **changes):
    chosen = {"runtime": "auto", "dtype": "auto"} | changes
    return msgspec.structs.replace(
        settings, embedding=msgspec.structs.replace(settings.embedding, **chosen)
    )


def recorded(settings, *tried, **otherwise) -> Record:
    """What stands in the record's file, as if it had been measured."""
    found = Record(
        **{"host": "here", "processor": record.processor(), "libraries": record.libraries(settings.embedding),
           "measured": time.time(), "tried": tried} | otherwise
    )  # fmt: skip
    file = record.file_of(settings.embedding, models.derived_dir(settings))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.encode(found))
    return found


SLOW = Tried(runtime="torch", dtype="float32", rate=10.0, question_ms=9.0)
GOOD = Tried(runtime="openvino", dtype="float32", rate=20.0, question_ms=5.0)
FAST = Tried(runtime="openvino", dtype="int8", rate=50.0, question_ms=2.0)


def kept(settings):
    return record.kept(settings.embedding, models.derived_dir(settings))


def test_the_fastest_that_may_be_taken_is(settings):
    chosen = with_embedding(settings).embedding
    found = recorded(settings, SLOW, GOOD, FAST)
    assert found.best(chosen) == FAST
    refused = msgspec.structs.replace(FAST, refused="it ranks otherwise")
    assert recorded(settings, SLOW, GOOD, refused).best(chosen) == GOOD


@pytest.mark.parametrize(
    ("changes", "best"),
    [({"dtype": "float32"}, GOOD), ({"runtime": "torch"}, SLOW), ({"dtype": "bfloat16"}, None)],
)
def test_settings_come_first(settings, changes, best):
    assert (
        recorded(settings, SLOW, GOOD, FAST).best(with_embedding(settings, **changes).embedding)
        == best
    )


def test_what_was_measured_elsewhere_or_with_other_libraries_counts_for_nothing(settings):
    recorded(settings, GOOD)
    assert kept(settings).tried == (GOOD,)
    assert kept(with_embedding(settings)) is None, "torch is open, and was not measured"
    recorded(settings, GOOD, processor="another")
    assert kept(settings) is None
    recorded(settings, GOOD, libraries={"torch": "0"})
    assert kept(settings) is None
    file = record.file_of(settings.embedding, models.derived_dir(settings))
    for damaged in (b"", b"{", b'{"tried": 3}'):
        file.write_bytes(damaged)
        assert kept(settings) is None


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


def test_an_old_processor_is_not_tried(settings, monkeypatch, tmp_path):
    from kb.embedding import opening

    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("model name\t: Old\nflags\t\t: fpu sse sse2\n")
    monkeypatch.setattr(opening, "CPUINFO", cpuinfo)
    begun = start(with_embedding(settings), None)
    assert begun.runtime.name == "torch"
    assert "without AVX2" in begun.problem


def test_a_model_that_is_no_bert_goes_by_torch(tmp_path):
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(models.find(Embedding()).folder, folder)
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"gelu"', '"relu"'))
    with pytest.raises(ConfigurationError) as refused:
        bert.Shape.of(folder)
    assert refused.value.code == "model_needs_torch"


def test_a_runtime_that_crashes_is_refused_and_the_rest_is_measured(
    settings, monkeypatch, tmp_path
):
    """It ends by a signal, as on a processor that lacks an instruction."""
    site = tmp_path / "site"
    (site / "openvino").mkdir(parents=True)
    (site / "openvino" / "__init__.py").write_text("import os\nos.kill(os.getpid(), 4)\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setattr(choosing, "SECONDS", 0.1)
    found = choosing.measure(with_embedding(settings).embedding, tmp_path / "models", every=True)
    said = {(one.runtime, one.dtype): one.refused for one in found.tried}
    assert "status -4" in said["openvino", "float32"]
    assert "status -4" in said["openvino", "int8"]
    assert found.best(Embedding()).runtime == "torch"


def test_a_format_that_ranks_otherwise_is_refused():
    """Vectors with noise: little of it passes, much of it does not."""
    chance = np.random.default_rng(1)
    size = len(agreement.built_in())

    def unit(values):
        return values / np.linalg.norm(values, axis=1, keepdims=True)

    right = unit(chance.normal(size=(size, 64)))
    exact = {"passages": right, "questions": unit(right + chance.normal(size=right.shape) * 0.2)}

    def noisy(noise):
        return {k: unit(v + chance.normal(size=v.shape) * noise) for k, v in exact.items()}

    assert agreement.between(exact, exact).problem() == ""
    assert agreement.between(exact, noisy(0.001)).problem() == ""
    assert "cosine" in agreement.between(exact, noisy(0.1)).problem()
    assert agreement.between(exact, noisy(0.02)).problem() != ""


def test_the_built_in_texts_are_as_they_are_described():
    texts = agreement.built_in()
    assert len(texts) == len(set(texts)) >= 50
    assert all(passage and question for passage, question in texts)


async def test_the_embedder_loads_no_torch_unless_it_is_chosen(settings, tmp_path):
    engines = msgspec.structs.replace(settings.engines, embedder_dir=str(tmp_path / "e"))
    settings = msgspec.structs.replace(settings, engines=engines)
    settings = with_embedding(settings, runtime="openvino", dtype="float32")
    embeddings = Embeddings(settings)
    assert await embeddings.computing() == Computing()
    found = await embeddings.query("Where is the pump?")
    assert found.computed_by == "all-MiniLM-L6-v2, openvino float32"
    computing = await embeddings.computing()
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
        assert computing == Computing(best.runtime, best.dtype, best.rate)
        assert best.rate > 0
    finally:
        await embeddings.engine.leave()
        await embeddings.engine.close()


def test_measured_and_shown_by_commands(command):
    """The table is drawn again, and the status says what computes."""
    found = command("models", "bench")
    assert {(one["runtime"], one["dtype"]) for one in found["tried"]} == set(record.CANDIDATES)
    assert found["used"] == ["openvino", "float32"], "as the settings of these tests want it"
    shown = command("status")["embedding"]
    assert (shown["runtime"], shown["dtype"], shown["problem"]) == ("openvino", "float32", "")


def test_names_of_what_is_sure_are_candidates():
    assert set(starting.SURE) <= set(record.CANDIDATES)


# --- a graphics card


def test_a_card_that_is_named_and_is_not_there_is_said(settings):
    begun = start(with_embedding(settings, device="cuda"), None)
    assert (begun.runtime.name, begun.runtime.dtype) == ("openvino", "float32")
    assert "no card for cuda" in begun.problem


def test_without_a_card_float16_is_refused_with_words(settings):
    begun = start(with_embedding(settings, device="cpu", dtype="float16"), None)
    assert begun.runtime.dtype == "float32"
    assert "there is none here" in begun.problem


def test_a_driver_makes_a_card_a_candidate(tmp_path, monkeypatch):
    """Seen without torch, by what NVIDIA's driver leaves in the file system."""
    from kb.embedding import cards

    monkeypatch.setattr(cards, "NVIDIA", (tmp_path / "version",))
    assert record.candidates(Embedding()) == record.CANDIDATES
    (tmp_path / "version").touch()
    assert record.candidates(Embedding()) == (*record.CANDIDATES, record.ON_A_CARD)
    assert record.candidates(Embedding(device="cpu")) == record.CANDIDATES


class Card:
    """A runtime whose card has no memory left after the first batch."""

    name, dtype, slices, dimension = "torch", "float16", (4096, 256), 384

    def __init__(self, inner):
        self.inner, self.calls = inner, 0

    def vectors(self, texts, *, bulk=False):
        class OutOfMemoryError(RuntimeError):
            """As torch calls its own."""

        self.calls += 1
        if self.calls > 2:
            raise OutOfMemoryError("CUDA out of memory")
        return self.inner.vectors(texts, bulk=bulk)


async def test_where_a_cards_memory_runs_out_the_processor_goes_on(settings, monkeypatch):
    """Nobody's call fails, and the status says it."""
    from kb.embedding import process
    from kb.embedding.starting import Started

    real = start(with_embedding(settings, runtime="openvino", dtype="float32"), None)
    with monkeypatch.context() as patch:
        patch.setattr(process, "start", lambda *_: Started(Card(real.runtime)))
        engine = process.Embedder(with_embedding(settings, runtime="openvino", dtype="float32"))
    texts = [f"Pump {n} is oiled." for n in range(40)]
    vectors = await engine.embed_passages(texts)
    told = await engine.describe()
    assert (told["runtime"], told["dtype"]) == ("openvino", "float32")
    assert "memory is short" in told["problem"]
    right = real.runtime.vectors(texts)
    found = np.stack([np.frombuffer(one, "<f4") for one in vectors])
    assert (found * right).sum(axis=1).min() > 0.9999


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
