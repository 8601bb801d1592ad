"""One model in every runtime and number format: the same vectors, whatever computes them."""

import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kb.embedding import agreement, models
from kb.embedding.models import TokenCounter
from kb.embedding.opening import open_runtime
from kb.embedding.record import CANDIDATES
from kb.settings import Embedding
from tests.parts.sharing import shared_folder

CLOSE = {"float32": 0.99999, "bfloat16": 0.995, "int8": 0.98}
"""The least cosine to float32 of torch, by number format: the bounds of docs/adr/0007-runtimes.md.

How integers are added up differs by processor: with VNNI one of TEXTS has .989, without all are above .99."""
TEXTS = [
    "The pump is oiled.",
    "Das Besprechungszimmer ist geschlossen.",
    "x",
    "",
    "Wörter – mit … Zeichen\tund\nZeilen 12,5 % €",
    "🚲 自転車",
    "word " * 1000,
]


@pytest.fixture(scope="module")
def folder():
    return shared_folder() / "models"


@pytest.fixture(scope="module")
def reference(folder):
    return open_runtime(Embedding(), "torch", "float32", folder)


@pytest.fixture(scope="module", params=CANDIDATES, ids=" ".join)
def runtime(request, folder, reference):
    if request.param == ("torch", "float32"):
        return reference
    return open_runtime(Embedding(), *request.param, folder)


@pytest.fixture(scope="module")
def expected(reference):
    """What the reference makes of the texts here, and of the built-in ones: once, not once a format."""
    return reference.vectors(TEXTS), agreement.vectors_of(reference, models.find(Embedding()), 2)


def processor() -> str:
    return Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""


def cosines(one, other):
    return (one * other).sum(axis=1)


def test_vectors_are_those_of_the_reference(runtime, expected):
    ours = runtime.vectors(TEXTS)
    assert ours.shape == (len(TEXTS), runtime.dimension)
    assert ours.dtype == np.float32
    assert np.linalg.norm(ours, axis=1) == pytest.approx(1, abs=1e-5)
    assert cosines(ours, expected[0]).min() > CLOSE[runtime.dtype]


def test_bulk_work_gives_the_same(runtime):
    both = [runtime.vectors(TEXTS[:4], bulk=bulk) for bulk in (False, True)]
    assert cosines(*both).min() > 0.9999


def test_a_batch_changes_nothing(runtime):
    """A text alone, and beside longer ones, by which it is filled up."""
    alone = np.concatenate([runtime.vectors([text]) for text in TEXTS[:4]])
    assert cosines(runtime.vectors(TEXTS[:4]), alone).min() > CLOSE[runtime.dtype]


def test_word_pieces_are_those_of_the_reference(runtime, reference):
    texts = ["The pump is oiled.", "Besprechungszimmer", "a b c " * 40]
    ours, theirs = runtime.pieces(texts), reference.pieces(texts)
    assert [len(one) for one in ours] == [len(one) for one in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert np.linalg.norm(one, axis=1) == pytest.approx(1, abs=1e-5)
        assert cosines(one, other).mean() > CLOSE[runtime.dtype] - 0.01


def test_threads_at_once_get_what_they_asked_for(runtime):
    expected = runtime.vectors(TEXTS[:3])
    waiting = threading.Barrier(4)

    def ask(number):
        waiting.wait()
        return [cosines(runtime.vectors(TEXTS[:3], bulk=number % 2 == 0), expected).min()
                for _ in range(3)]  # fmt: skip

    with ThreadPoolExecutor(4) as pool:
        assert np.min(list(pool.map(ask, range(4)))) > 0.9999


def test_it_may_rest_at_any_time(runtime):
    """What it computed in is freed between its batches, and while others compute."""
    expected = runtime.vectors(TEXTS[:3])
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(runtime.vectors, TEXTS[:3], bulk=True) for _ in range(12)]
        while not all(one.done() for one in asked):
            runtime.rest()
    runtime.rest()
    after = runtime.vectors(TEXTS[:3], bulk=True)
    assert all(cosines(one.result(), expected).min() > 0.9999 for one in asked)
    assert cosines(after, expected).min() > 0.9999


def test_formats_rank_the_built_in_texts_alike(runtime, expected):
    """The gate lets through what comes with the package."""
    if runtime.dtype == "bfloat16" and not re.search("avx512_bf16|amx_bf16", processor()):
        pytest.skip("a processor without bfloat16: a tenth as fast as float32, and never taken")
    agreed = agreement.between(
        expected[1], agreement.vectors_of(runtime, models.find(Embedding()), 2)
    )
    assert agreed.problem() == ""


def test_tokens_are_those_that_the_models_own_library_makes(reference):
    """Cut where it cuts, with its marks: compared with transformers, not with ourselves."""
    ours = TokenCounter(models.find(Embedding())).pieces(TEXTS)
    theirs = [
        reference._model.tokenizer(t, truncation=True, max_length=256)["input_ids"] for t in TEXTS
    ]
    assert ours == theirs


def test_importing_openvino_tells_nobody():
    """Its package reports to its maker where another package is there; ours is not let in."""
    code = """
import socket, sys
from kb.embedding.runtimes import compiled
def refused(*_): raise AssertionError("a connection was made")
socket.socket.connect = refused
compiled.library()
print(sys.modules["openvino_telemetry"], "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "False"]
