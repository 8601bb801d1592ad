"""Which runtime and number format is best here: what is measured, and which of it may be taken."""

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import psutil
import pytest

from kb import bulk, cli
from kb.embedding import agreement, choosing, models, record, trials
from kb.embedding.client import Embeddings
from kb.embedding.record import Tried
from kb.embedding.trials import EndedTrial
from kb.settings import Embedding
from tests.embedding.chosen import ALIKE, FAST, GOOD, SLOW, kept, recorded, with_embedding
from tests.parts.processes import HANGING, wait_for


def said(what):
    return EndedTrial([msgspec.json.encode(what)], "", well=True)


@pytest.fixture
def briefly(monkeypatch):
    """Each candidate has one turn, and embeds for no longer than it takes to be measured at all.

    Bfloat16 is none: to measure it and compare it takes a minute of processor. That it ranks as
    float32 does is shown in ``runtimes/test_runtimes.py``.
    """
    monkeypatch.setattr(choosing, "SECONDS", 0.01)
    monkeypatch.setattr(choosing, "AGAIN", 0)
    left = [one for one in record.CANDIDATES if one != ("torch", "bfloat16")]
    monkeypatch.setattr(record, "CANDIDATES", tuple(left))


def test_the_fastest_that_may_be_taken_is(settings):
    chosen = with_embedding(settings).embedding
    found = recorded(settings, SLOW, GOOD, FAST)
    assert found.best(chosen) == FAST
    refused = msgspec.structs.replace(FAST, refused="it ranks otherwise")
    assert recorded(settings, SLOW, GOOD, refused).best(chosen) == GOOD


def test_of_those_that_are_as_fast_the_lightest_is_taken(settings):
    chosen = with_embedding(settings).embedding
    torch = msgspec.structs.replace(SLOW, rate=54.0)
    assert recorded(settings, torch, GOOD, FAST).best(chosen) == FAST
    assert recorded(settings, torch, GOOD).best(chosen) == torch, "20 is not as much as 54"
    twice = msgspec.structs.replace(SLOW, rate=100.0)
    assert recorded(settings, twice, GOOD, FAST).best(chosen) == twice


def test_a_format_that_was_not_compared_is_taken_only_by_whoever_sets_it(settings):
    """Whatever its speed, and whichever runtimes the settings leave."""
    unproven = msgspec.structs.replace(FAST, agreement=None)
    found = recorded(settings, SLOW, GOOD, unproven)
    assert found.best(with_embedding(settings).embedding) == GOOD
    assert found.best(with_embedding(settings, runtime="openvino").embedding) == GOOD
    assert found.best(with_embedding(settings, dtype="int8").embedding) == unproven


def test_what_is_faster_than_float32_of_its_runtime_is_compared(settings, monkeypatch, tmp_path):
    """Though another runtime's float32 is faster still: it may be the one that is left."""
    compared = []

    def in_a_process(_bench, how, name, dtype):
        if how == "compare":
            compared.append((name, dtype))
            return said(ALIKE)
        rates = {
            "torch": {"float32": 25.0, "bfloat16": 4.0},
            "openvino": {"float32": 16.0, "int8": 21.0},
        }
        told = Tried(runtime=name, dtype=dtype, rate=rates[name][dtype])
        return said(told)

    monkeypatch.setattr(choosing.Bench, "ran", in_a_process)
    found = choosing.measure(with_embedding(settings, device="cpu").embedding, tmp_path / "models")
    assert compared == [("openvino", "int8")]
    assert found.best(with_embedding(settings).embedding).runtime == "torch"
    assert found.best(with_embedding(settings, runtime="openvino").embedding).dtype == "int8"


def test_what_a_library_prints_is_no_measurement(settings, monkeypatch, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("print('Loading weights: 100%')\nprint('[1]')\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    bench = choosing.Bench(with_embedding(settings).embedding, tmp_path / "models")
    ended = bench.ran("time", "openvino", "bfloat16")
    [told] = [msgspec.json.decode(line, type=Tried) for line in ended.said]
    assert "computes float32 and int8" in told.refused


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


@pytest.mark.slow
def test_a_runtime_that_crashes_is_refused_and_the_rest_is_measured(
    settings, monkeypatch, tmp_path, briefly
):
    """It ends by a signal, as on a processor that lacks an instruction."""
    site = tmp_path / "site"
    (site / "openvino").mkdir(parents=True)
    (site / "openvino" / "__init__.py").write_text("import signal\nsignal.raise_signal(4)\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    found = choosing.measure(with_embedding(settings).embedding, tmp_path / "models", every=True)
    refused = {(one.runtime, one.dtype): one.refused for one in found.tried}
    assert "status -4" in refused["openvino", "float32"]
    assert "status -4" in refused["openvino", "int8"]
    assert "status -4" in found.problem(Embedding()), "the status says why torch computes"
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


@pytest.mark.slow
def test_measured_and_shown_by_commands(command, environment, monkeypatch, capfd, briefly):
    """Every candidate is measured, in processes of their own, and the status says what computes."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    cli.cli.main(["models", "bench", "--json"], standalone_mode=False)  # leaves no guard here
    [found] = json.loads(capfd.readouterr().out)["models"]
    assert all(one["rate"] > 0 or one["refused"] for one in found["tried"])
    assert {(one["runtime"], one["dtype"]) for one in found["tried"]} == set(record.CANDIDATES)
    assert found["used"] == ["openvino", "float32"], "as the settings of these tests want it"
    [shown] = command("status")["embedding_models"]
    assert (shown["runtime"], shown["dtype"], shown["problem"]) == ("openvino", "float32", "")


@pytest.mark.slow
def test_all_candidates_are_measured_at_one_priority(settings, tmp_path, monkeypatch, briefly):
    """As the kernel says it of the threads that compute: a STEP below the first, not two."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(PRIORITIES)
    monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("KB_TEST_PRIORITIES", str(tmp_path / "said"))
    chosen = with_embedding(settings, device="cpu").embedding
    for name in ("torch", "openvino"):
        ended = choosing.Bench(chosen, tmp_path / "models").ran("time", name, "float32")
        assert ended.said, ended.how
    priorities = [line.split() for line in (tmp_path / "said").read_text().splitlines()]
    people = os.getpriority(os.PRIO_PROCESS, 0)
    assert {int(nice) for line in priorities for nice in line} <= {
        people,
        min(people + bulk.STEP, 19),
    }


PRIORITIES = """
import atexit, os

def say():
    tasks = os.listdir("/proc/self/task")
    nice = [os.getpriority(os.PRIO_PROCESS, int(task)) for task in tasks]
    with open(os.environ["KB_TEST_PRIORITIES"], "a") as file:
        file.write(" ".join(map(str, nice)) + "\\n")

atexit.register(say)
"""


def test_passages_of_the_usual_length_are_measured():
    passages = choosing.usual_passages(8)
    assert len(set(passages)) == 8
    assert all(0.9 * choosing.LENGTH < len(p) <= choosing.LENGTH for p in passages)


def test_noise_in_one_turn_does_not_decide(settings, monkeypatch, tmp_path):
    """The fastest have a second turn; of each the best one counts, and the spread is said."""
    order, rates = [], {"torch": iter([20.0, 21.0]), "openvino": iter([12.0, 30.0])}

    def in_a_process(_bench, _how, name, dtype):
        order.append(name)
        return said(Tried(runtime=name, dtype=dtype, rate=next(rates[name])))

    monkeypatch.setattr(choosing.Bench, "ran", in_a_process)
    chosen = with_embedding(settings, device="cpu", dtype="float32").embedding
    found = choosing.measure(chosen, tmp_path / "models")
    assert order == ["torch", "openvino", "torch", "openvino"]
    assert (found.best(chosen).runtime, found.best(chosen).rate) == ("openvino", 30.0)
    assert found.best(chosen).spread == 0.6


@pytest.mark.slow
def test_what_was_refused_for_a_reason_that_may_pass_is_measured_again(
    settings, small_disk, briefly
):
    """A disk that was full while the 8-bit file was to be made: not for good, and it is said."""
    (small_disk / "filler").write_bytes(b"0" * 75_000_000)
    folder = str(small_disk / "models")
    settings = with_embedding(settings, runtime="openvino", dtype="int8", derived_dir=folder)
    found = choosing.measure(settings.embedding, small_disk / "models")
    assert "MB are free" in found.problem(settings.embedding)
    assert kept(settings) == found
    assert not found.is_due(settings.embedding), "not at every start"
    earlier = msgspec.structs.replace(found, measured=found.measured - 2 * record.AGAIN_SECONDS)
    assert earlier.is_due(settings.embedding)
    (small_disk / "filler").unlink()
    found = choosing.measure(settings.embedding, small_disk / "models")
    assert found.problem(settings.embedding) == ""


@pytest.mark.parametrize(
    ("code", "passing"),
    [
        ("import os; os.kill(os.getpid(), 9)", True),
        ("raise MemoryError", True),
        ("raise type('OutOfMemoryError', (RuntimeError,), {})('the card')", True),
        ("import os; os.kill(os.getpid(), 4)", False),
        ("raise ValueError('shapes')", False),
    ],
)
def test_who_had_too_little_memory_is_told_from_who_cannot(tmp_path, monkeypatch, code, passing):
    (tmp_path / "tried_here.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ended = trials.run("tried_here")
    assert (ended.well, ended.passing) == (False, passing)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_measurement_that_is_stopped_leaves_the_one_before(settings, monkeypatch, number):
    """Somebody ends the group of processes; a format would have been refused for good."""
    before = recorded(settings, GOOD)

    def ended(_bench, *_):
        return trials.run("tried_here")

    site = settings.data / "site"
    site.mkdir(parents=True)
    (site / "tried_here.py").write_text(
        f"import os, signal\nsignal.signal({number}, signal.SIG_DFL)\nos.kill(os.getpid(), {number})"
    )
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setattr(choosing.Bench, "ran", ended)
    with pytest.raises(trials.StoppedError):
        choosing.measure(settings.embedding, models.derived_dir(settings), every=True)
    assert kept(settings) == before


def test_who_stops_a_measurement_ends_what_is_being_tried(tmp_path, monkeypatch):
    """A command that somebody interrupts went on for as long as the trial did."""
    begun, stopping = tmp_path / "begun", threading.Event()
    (tmp_path / "tried_here.py").write_text(
        f"import os, time\nopen({str(begun)!r}, 'w').write(str(os.getpid()))\ntime.sleep(9999)"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with ThreadPoolExecutor() as pool:
        trial = pool.submit(trials.run, "tried_here", stopping=stopping)
        wait_for(lambda: begun.exists() and begun.read_text())
        stopping.set()
        with pytest.raises(trials.StoppedError):
            trial.result(HANGING)
    assert not psutil.pid_exists(int(begun.read_text()))


async def test_the_status_says_it_where_no_engine_runs(settings):
    """What was refused when it was measured: not at all, or for a reason that may pass."""
    missing = Tried(runtime="openvino", dtype="float32", refused="OpenVINO cannot be loaded")
    short = msgspec.structs.replace(FAST, refused="the disk is full", passing=True)
    bfloat = msgspec.structs.replace(SLOW, dtype="bfloat16", refused="it ranks otherwise")
    settings = with_embedding(settings, device="cpu", sha256=models.find(Embedding()).digest)
    for tried, words in ((missing, "cannot be used: OpenVINO"), (short, "could not be measured")):
        others = [
            one
            for one in (SLOW, GOOD, FAST)
            if (one.runtime, one.dtype) != (tried.runtime, tried.dtype)
        ]
        recorded(settings, bfloat, tried, *others)
        [computing] = await Embeddings(settings).computing()
        assert words in computing.problem


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"device": "cuda", "runtime": "openvino"}, "embedding.device = cuda is for torch"),
        ({"device": "cuda", "dtype": "int8"}, "embedding.device = cuda is for torch"),
        ({"device": "cpu", "dtype": "float16"}, "float16 is for a graphics card"),
        ({"runtime": "torch", "dtype": "int8"}, "no int8 by embedding.runtime = torch"),
        ({"device": "cuda"}, ""),
        ({"device": "cpu", "runtime": "openvino"}, ""),
    ],
)
async def test_settings_that_contradict_each_other_are_told(settings, changes, words):
    settings = with_embedding(settings, **changes)
    [computing] = await Embeddings(settings).computing()
    assert words in computing.problem if words else not computing.problem
