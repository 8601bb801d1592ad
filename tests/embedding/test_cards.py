"""A graphics card: seen without torch, used where it is faster, left where its memory runs out."""

import numpy as np
import pytest

from kb.embedding import cards, hosted, process, record
from kb.embedding.starting import Started, start
from kb.settings import Embedding
from tests.embedding.chosen import with_embedding


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


class OutOfMemoryError(RuntimeError):
    """As torch calls its own."""


class Card:
    """A runtime whose card has no memory left, once it is ``short``, after two batches."""

    name, dtype, slices, dimension = "torch", "float16", (4096, 256), 384

    def __init__(self, inner):
        self.inner, self.calls, self.short = inner, 0, False

    def vectors(self, texts, *, bulk=False):
        self.calls += self.short
        if self.calls > 2:
            raise OutOfMemoryError("CUDA out of memory")
        return self.inner.vectors(texts, bulk=bulk)

    def rest(self):
        self.inner.rest()

    def pieces(self, texts):
        if self.short:
            raise OutOfMemoryError("CUDA out of memory")
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


async def test_where_a_cards_memory_runs_out_the_processor_goes_on(on_a_card, right):
    """Nobody's call fails, and the status says it."""
    texts = [f"Pump {n} is oiled." for n in range(40)]
    vectors = await on_a_card.embed_passages(on_a_card.key, texts)
    told = (await on_a_card.describe())[on_a_card.key]
    assert (told["runtime"], told["dtype"]) == ("openvino", "float32")
    assert "memory is short" in told["problem"]
    found = np.stack([np.frombuffer(one, "<f4") for one in vectors])
    assert (found * right.vectors(texts)).sum(axis=1).min() > 0.9999


async def test_late_interaction_leaves_the_card_too(on_a_card):
    [(mean, least)] = await on_a_card.match(
        on_a_card.key, "Is the pump oiled?", ["The pump is oiled."]
    )
    assert 0 < least <= mean <= 1
    assert (await on_a_card.describe())[on_a_card.key]["dtype"] == "float32"
