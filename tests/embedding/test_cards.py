"""A graphics card: seen without torch, used where it is faster, left where its memory runs out."""

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest

from kb.embedding.record import Tried
from kb.embedding import cards, choosing, hosted, models, opening, process, record
from kb.embedding.runtimes import CARD_SLICES, CPU_SLICES, reference
from kb.embedding.runtimes.reference import Reference
from kb.embedding.starting import Started, start
from kb.errors import ConfigurationError
from kb.settings import Embedding
from tests.embedding.chosen import ALIKE, FAST, GOOD, SLOW, recorded, with_embedding


@pytest.mark.slow
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
    monkeypatch.setattr(cards, "NVIDIA", (tmp_path / "version",))
    assert record.candidates(Embedding()) == record.CANDIDATES
    (tmp_path / "version").touch()
    assert record.candidates(Embedding()) == (*record.CANDIDATES, record.ON_A_CARD)
    assert record.candidates(Embedding(device="cpu")) == record.CANDIDATES


def test_without_torch_openvino_alone_is_tried_unless_somebody_wants_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    alone = [("openvino", "float32"), ("openvino", "int8")]
    assert record.left_by(Embedding(device="cpu")) == alone
    assert record.left_by(Embedding(device="cpu", runtime="torch", dtype="float32")) == [
        ("torch", "float32")
    ]


class OutOfMemoryError(RuntimeError):
    """As torch calls its own."""


class AcceleratorError(RuntimeError):
    """As torch calls what CUDA says when a card is opened."""


ADVICE = (
    "\nSearch for the name of the error, says torch to programmers.\nCompile with what tells more."
)
SHORT = (
    OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 2.00 MiB. GPU 0 has a total capacity of 9 MiB of which "
        "1.00 MiB is free. Process 1 has 8 MiB. If programmers … see https://example.org."
    ),
    AcceleratorError("CUDA error: out of memory" + ADVICE),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
)
"""All that torch says of a card without memory."""


class Card:
    """A runtime whose card has no memory left, once it is ``short``, after two batches."""

    name, dtype, slices, dimension = "torch", "float16", (4096, 256), 384

    def __init__(self, inner):
        self.inner, self.calls, self.short, self.error = inner, 0, False, SHORT[1]

    def vectors(self, texts, *, bulk=False):
        self.calls += self.short
        if self.calls > 2:
            raise self.error
        return self.inner.vectors(texts, bulk=bulk)

    def rest(self):
        self.inner.rest()

    def pieces(self, texts):
        if self.short:
            raise self.error
        return self.inner.pieces(texts)


@pytest.fixture
def exact(settings):
    return with_embedding(settings, runtime="openvino", dtype="float32")


@pytest.fixture
def right(exact):
    return start(exact, None).runtime


@pytest.fixture
def on_a_card(exact, right, monkeypatch):
    """An embedder that has begun on a card."""
    with monkeypatch.context() as patch:
        patch.setattr(hosted, "start", lambda *_: Started(Card(right)))
        made = process.Embedder(exact)
    [(made.key, card)] = made.hosted.items()
    card.model.runtime.short = True
    return made


@pytest.mark.parametrize("error", SHORT, ids=lambda error: type(error).__name__)
def test_a_card_without_memory_is_told_in_a_line_for_people(error):
    assert cards.is_short(error)
    told = cards.told_short(error)
    assert told.startswith("The card's memory is short: CUDA ")
    assert "\n" not in told
    assert "programmers" not in told
    assert not cards.is_short(RuntimeError("CUDA error: no kernel image is available"))


async def test_where_a_cards_memory_runs_out_the_processor_goes_on(on_a_card, right):
    """Nobody's call fails, and the status says it."""
    texts = [f"Pump {n} is oiled." for n in range(40)]
    vectors = await on_a_card.embed_passages(on_a_card.key, texts)
    told = (await on_a_card.describe())[on_a_card.key]
    assert (told["runtime"], told["dtype"]) == ("openvino", "float32")
    assert told["problem"] == f"{cards.told_short(SHORT[1])} {hosted.UNTIL}"
    found = np.stack([np.frombuffer(one, "<f4") for one in vectors])
    assert (found * right.vectors(texts)).sum(axis=1).min() > 0.9999


async def test_late_interaction_leaves_the_card_too(on_a_card):
    [(mean, least)] = await on_a_card.match(
        on_a_card.key, "Is the pump oiled?", ["The pump is oiled."]
    )
    assert 0 < least <= mean <= 1
    assert (await on_a_card.describe())[on_a_card.key]["dtype"] == "float32"


async def test_what_is_no_lack_of_memory_is_told(on_a_card):
    on_a_card.hosted[on_a_card.key].model.runtime.error = RuntimeError("CUDA error: no kernel")
    with pytest.raises(RuntimeError, match="no kernel"):
        await on_a_card.match(on_a_card.key, "Is the pump oiled?", ["The pump is oiled."])
    assert (await on_a_card.describe())[on_a_card.key]["dtype"] == "float16"


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["auto", "float16"])
def test_without_its_card_the_best_of_the_processor_goes_on(settings, dtype):
    """Not the first that is sure, which may be a third as fast."""
    settings = with_embedding(settings, device="cuda", dtype=dtype)
    on_it = Tried(runtime="torch", dtype="float16", rate=900.0, agreement=ALIKE)
    bfloat = msgspec.structs.replace(SLOW, dtype="bfloat16")
    measured = recorded(settings, SLOW, bfloat, GOOD, FAST, on_it)
    begun = start(settings, measured)
    assert (begun.runtime.name, begun.runtime.dtype) == ("openvino", "int8")
    assert "no card for cuda" in begun.problem


@pytest.mark.parametrize("error", SHORT, ids=lambda error: type(error).__name__)
def test_a_card_that_is_full_at_the_start_may_be_free_tomorrow(exact, tmp_path, monkeypatch, error):
    """So it is measured again: it was refused for a reason that passes."""

    def full(*_):
        raise error

    monkeypatch.setattr(opening, "Reference", full)
    with pytest.raises(ConfigurationError, match="card's memory is short") as told:
        opening.open_runtime(exact.embedding, "torch", "float32", tmp_path)
    assert told.value.code == "out_of_memory"


@pytest.mark.parametrize("error", SHORT, ids=lambda error: type(error).__name__)
def test_a_card_that_fills_while_it_is_measured_may_be_free_tomorrow(error):
    """The process that measures it ends as one without memory."""
    with pytest.raises(MemoryError, match="The card's memory is short: CUDA"), choosing.in_words():
        raise error
    with pytest.raises(RuntimeError, match="no kernel"), choosing.in_words():
        raise RuntimeError("CUDA error: no kernel")


def test_a_card_is_measured_with_batches_of_its_size(right):
    """With those of a processor it would wait for the next one most of the time."""
    sizes = []

    class Counted(Card):
        slices = CARD_SLICES

        def vectors(self, texts, *, bulk=False):
            sizes.append(len(texts))
            return np.zeros((len(texts), 384), np.float32)

    choosing._rate(Counted(right), 1, 0.0)
    of_one = CARD_SLICES[1] // choosing.LONGEST
    assert sizes == [of_one] * (choosing.BATCHES + 1), "each once before, and one that is timed"
    assert sizes[0] > 16 * CPU_SLICES[1] // choosing.LONGEST


@pytest.mark.slow
def test_a_card_computes_few_slices_at_once_and_questions_beside_them(exact, monkeypatch):
    """Each needs memory of its own; a question does not wait for any."""
    monkeypatch.setattr(reference, "SIDE_BY_SIDE", 1)
    made = Reference(models.find(exact.embedding), "float32")
    made._device = "of a card"
    monkeypatch.setattr(made, "_moved", lambda cut: cut)
    with made._turn(bulk=True), ThreadPoolExecutor(1) as pool:
        assert made.vectors(["Who oils the pump?"]).shape == (1, 384)
        waits = pool.submit(made.vectors, ["The pump is oiled."], bulk=True)
        with pytest.raises(TimeoutError):
            waits.result(timeout=0.5)
        made._turns.release()
    assert waits.result(timeout=60).shape == (1, 384)


async def test_at_rest_a_card_has_its_memory_back(on_a_card, monkeypatch):
    """Others use it too, such as Ollama; torch keeps what it had until it is told."""
    given_back = threading.Event()
    monkeypatch.setattr(cards, "_used", {})
    cards.use("cuda", given_back.set)
    on_a_card.hosted[on_a_card.key].model.runtime.short = False
    await on_a_card.embed_passages(on_a_card.key, ["The pump is oiled."])
    assert await asyncio.to_thread(given_back.wait, 30)


async def test_a_card_that_fails_at_rest_ends_no_thread(on_a_card, monkeypatch):
    """What is to be embedded afterwards would wait for ever."""
    failed = threading.Event()

    def fail():
        failed.set()
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(cards, "_used", {})
    cards.use("cuda", fail)
    on_a_card.hosted[on_a_card.key].model.runtime.short = False
    texts = [f"Pump {n} is oiled." for n in range(3)]
    await on_a_card.embed_passages(on_a_card.key, texts)
    assert await asyncio.to_thread(failed.wait, 30)
    async with asyncio.timeout(30):
        assert len(await on_a_card.embed_passages(on_a_card.key, texts)) == 3
