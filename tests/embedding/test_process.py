"""What the embedder does first, how much at once, and what it knows already."""

import asyncio
import threading

import pytest

from kb.embedding import hosted, process
from kb.embedding.process import cut
from kb.embedding.starting import Started, start
from kb.engines.serving import WorkingEngine
from tests.embedding.chosen import with_embedding
from tests.parts.processes import wait_for


def test_slices_for_the_model_are_of_like_length_and_bounded():
    lengths = [5, 200, 30, 198, 7, 256, 0, 31]
    slices = cut(lengths, 512)
    assert sorted(i for s in slices for i in s) == list(range(len(lengths)))
    for part in slices:
        longest = max(lengths[i] for i in part)
        assert len(part) * longest <= max(512, longest)
    assert slices[0] == [5, 1]


class Counting:
    """A runtime that counts the questions it computes."""

    def __init__(self, inner, dtype):
        self.inner, self.dtype, self.computed = inner, dtype, 0
        self.name, self.slices, self.dimension = inner.name, inner.slices, inner.dimension

    def vectors(self, texts, *, bulk=False):
        self.computed += len(texts)
        return self.inner.vectors(texts, bulk=bulk)

    def pieces(self, texts):
        return self.inner.pieces(texts)

    def rest(self):
        self.inner.rest()


async def test_a_question_that_comes_again_is_computed_once_by_each_runtime(settings, monkeypatch):
    chosen = with_embedding(settings, runtime="openvino", dtype="float32")
    right = start(chosen, None).runtime
    first, second = Counting(right, "float32"), Counting(right, "int8")
    monkeypatch.setattr(hosted, "start", lambda *_: Started(first))
    embedder = process.Embedder(chosen)
    [(model, asked)] = (await embedder.embed_query("Is the pump oiled?")).items()
    computed = first.computed
    assert await embedder.embed_query("Is the pump oiled?") == {model: asked}
    assert first.computed == computed
    embedder.hosted[model].model.runtime = second
    again = (await embedder.embed_query("Is the pump oiled?"))[model]
    assert (again["vector"], second.computed) == (asked["vector"], 1)
    assert again["computed_by"].endswith("int8")


async def test_only_the_last_questions_are_known(settings, monkeypatch):
    chosen = with_embedding(settings, runtime="openvino", dtype="float32")
    counting = Counting(start(chosen, None).runtime, "float32")
    monkeypatch.setattr(hosted, "start", lambda *_: Started(counting))
    monkeypatch.setattr(hosted, "MOST_KNOWN", 2)
    embedder = process.Embedder(chosen)
    for question in ("one", "two", "three"):
        await embedder.embed_query(question)
    before = counting.computed
    await embedder.embed_query("three")
    assert counting.computed == before
    await embedder.embed_query("one")
    assert counting.computed == before + 1


def test_the_embedder_is_at_work_while_it_measures(settings, monkeypatch):
    """So it does not leave before that is written down, however slow the machine is."""
    chosen = with_embedding(settings, runtime="openvino")
    right = start(with_embedding(settings, runtime="openvino", dtype="float32"), None).runtime
    monkeypatch.setattr(hosted, "start", lambda *_: Started(right))
    done = threading.Event()
    monkeypatch.setattr(hosted.Hosted, "measure", lambda _: done.wait(60))
    embedder = process.Embedder(chosen)
    assert isinstance(embedder, WorkingEngine)
    assert embedder.is_working()
    done.set()
    wait_for(lambda: not embedder.is_working())


class Panic(BaseException):
    """As which a panic of Rust comes (pyo3's PanicException)."""


async def test_a_panic_is_told_and_ends_no_thread(settings, monkeypatch):
    """Of questions and of bulk work: whoever waits hears of it, and what comes next is embedded."""
    chosen = with_embedding(settings, runtime="openvino", dtype="float32", threads=1)
    right = start(chosen, None).runtime
    monkeypatch.setattr(hosted, "start", lambda *_: Started(right))
    embedder = process.Embedder(chosen)
    [(model, by)] = embedder.hosted.items()

    def panics(*_, **__):
        raise Panic("index out of bounds")

    calls = (
        lambda: embedder.embed_texts(model, ["The pump is oiled."]),
        lambda: embedder.embed_questions(model, ["Is the pump oiled?"]),
    )
    for call in calls:
        with monkeypatch.context() as panicking:
            panicking.setattr(by.model, "encode", panics)
            with pytest.raises(RuntimeError, match="Panic.*index out of bounds"):
                await asyncio.wait_for(call(), 30)
        [vector] = await asyncio.wait_for(call(), 30)
        assert len(vector) == 4 * right.dimension
