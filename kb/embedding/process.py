"""The embedder process: the models, each once. Questions overtake bulk work.

One thread a core, each with a batch of its own: on two cores that embeds 1.3 times as many
passages as two threads that share each batch (docs/benchmarks.md). They serve all models. Each
model has a thread for questions, which are embedded by all models side by side.
"""

import asyncio
import itertools
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

import msgspec

from kb import bulk
from kb.embedding import cards, chosen, models
from kb.embedding.hosted import Hosted
from kb.embedding.models import engine_fingerprint
from kb.embedding.runtimes import PADDED_TO
from kb.engines.serving import give_memory_back, serve, settings_from_stdin
from kb.settings import Settings

MOST_QUESTIONS = 16
"""Questions that are embedded as one batch."""
REST_SECONDS = 1.0
"""Seconds without bulk work after which the bulk thread frees its buffers (about 100 MB). Questions
do not delay this."""


@dataclass(slots=True)
class EmbeddingJob:
    """A slice of texts that wait for a model's vectors; its padded ``tokens`` (questions: 0)."""

    by: Hosted
    texts: list[str]
    tokens: int
    done: "asyncio.Future[list[bytes]]"
    loop: asyncio.AbstractEventLoop


class Embedder:
    """The engine of the embedder process; its public coroutine methods are the calls.

    A call names its model by the model's fingerprint.
    """

    def __init__(self, settings: Settings) -> None:
        self.fingerprint = engine_fingerprint(settings.embedding)
        self.hosted = {
            models.fingerprint(one): Hosted(msgspec.structs.replace(settings, embedding=one))
            for one in chosen.each(settings.embedding)
        }
        self._questions: dict[str, SimpleQueue[EmbeddingJob]] = {
            key: SimpleQueue() for key in self.hosted
        }
        self._slices: SimpleQueue[EmbeddingJob] = SimpleQueue()
        self._counting = bulk.threads()
        for _ in range(models.threads_of(settings.embedding)):
            threading.Thread(target=self._work, daemon=True).start()
        for waiting in self._questions.values():
            threading.Thread(target=_answer_questions, args=[waiting], daemon=True).start()
        unmeasured = [one for one in self.hosted.values() if one.wants_measuring]
        self._measuring = threading.Thread(target=_measure, args=[unmeasured], daemon=True)
        self._measuring.start()

    async def embed_query(self, text: str) -> dict[str, dict[str, object]]:
        """A question's vector in every model, and by which scale it is read."""
        keys = list(self.hosted)
        vectors = await asyncio.gather(*(self._vector(key, text) for key in keys))
        return {k: self.hosted[k].told(text, v) for k, v in zip(keys, vectors, strict=True)}

    async def _vector(self, key: str, text: str) -> bytes:
        by = self.hosted[key]
        vector = by.known(text)
        if vector is None:
            [vector] = await self._question(key, [by.model.as_query(text)])
            by.know(text, vector)
        return vector

    async def embed_questions(self, model: str, texts: list[str]) -> list[bytes]:
        """Vectors of many questions, for which nobody waits, in order."""
        by = self.hosted[model]
        return await self._bulk(by, [by.model.as_query(t) for t in texts])

    async def embed_texts(self, model: str, texts: list[str]) -> list[bytes]:
        """Vectors of a few passages, or parts of them, that somebody waits for, in order."""
        by = self.hosted[model]
        passages = [by.model.as_passage(t) for t in texts]
        slices = cut(by.model.count(passages), by.slice_tokens())
        parts = [self._question(model, [passages[i] for i in s]) for s in slices]
        return _in_order(slices, await asyncio.gather(*parts))

    async def match(self, model: str, question: str, texts: list[str]) -> list[tuple[float, float]]:
        """How well a question's word pieces are met by each text (see ``Model.matches``)."""
        by = self.hosted[model]
        call = partial(by.model.matches, question, texts)
        return await asyncio.to_thread(by.on_a_card_or_off, call)

    async def leaning(self, model: str, question: str, language: str) -> float:
        """How far a question leans to those that no documents are asked (``Elsewhere``)."""
        vector = await self._vector(model, question)
        return await asyncio.to_thread(self.hosted[model].leaning, vector, language)

    async def embed_passages(
        self, model: str, texts: list[str], processors: int = 0
    ) -> list[bytes]:
        """Vectors of many passages, in order; done in slices, between which questions go first.

        From now on bulk work keeps to as many ``processors``; 0: to all.
        """
        bulk.keep_to(bulk.processors(processors))
        by = self.hosted[model]
        return await self._bulk(by, [by.model.as_passage(t) for t in texts])

    async def describe(self) -> dict[str, dict[str, object]]:
        """Each model by its fingerprint: name, digest, shape, scale, how fast it is here."""
        return {key: one.describe() for key, one in self.hosted.items()}

    def is_working(self) -> bool:
        """Whether it is measured what embeds fastest here: lost, if it ended before that."""
        return self._measuring.is_alive()

    def close(self) -> None:
        """Nothing is left to do: vectors are kept by whoever asked for them."""

    async def _question(self, key: str, texts: list[str]) -> list[bytes]:
        loop = asyncio.get_running_loop()
        job = EmbeddingJob(self.hosted[key], texts, 0, loop.create_future(), loop)
        self._questions[key].put(job)
        return await job.done

    async def _bulk(self, by: Hosted, texts: list[str]) -> list[bytes]:
        """Tokens are counted in a thread, where questions do not wait for it."""
        loop = asyncio.get_running_loop()
        lengths = await loop.run_in_executor(self._counting, by.model.count, texts)
        slices = cut(lengths, by.slice_tokens())
        jobs = [
            EmbeddingJob(
                by, [texts[i] for i in s], len(s) * lengths[s[0]], loop.create_future(), loop
            )
            for s in slices
        ]
        for job in jobs:
            self._slices.put(job)
        return _in_order(slices, await asyncio.gather(*(job.done for job in jobs)))

    def _work(self) -> None:
        """Bulk work, at a lower priority of the system: a question gets most of a core at once."""
        bulk.step_back()
        while True:
            try:
                job = self._slices.get(timeout=REST_SECONDS)
            except Empty:
                for one in self.hosted.values():
                    one.model.runtime.rest()
                cards.give_back()
                give_memory_back()
                job = self._slices.get()
            _answer([job], bulk=True)


def _measure(unmeasured: Sequence[Hosted]) -> None:
    """One model after another: each wants the whole machine."""
    for one in unmeasured:
        one.measure()


def _answer_questions(waiting: "SimpleQueue[EmbeddingJob]") -> None:
    """In a thread of their own: a question waits for no slice, and several go as one batch."""
    while True:
        jobs = [waiting.get()]
        while len(jobs) < MOST_QUESTIONS and not waiting.empty():
            jobs.append(waiting.get())
        _answer(jobs, bulk=False)


def _answer(jobs: list[EmbeddingJob], *, bulk: bool) -> None:
    """Compute jobs of one model, and hand the vectors to whoever waits."""
    begun, by = time.monotonic(), jobs[0].by
    try:
        texts = [text for job in jobs for text in job.texts]
        call = partial(by.model.encode, texts, bulk=bulk)
        vectors = iter(by.on_a_card_or_off(call))
    except BaseException as error:  # noqa: BLE001 - handed to whoever waits
        # A panic of Rust is no Exception: it would end this thread, and nobody would be told.
        told = error if isinstance(error, Exception) else RuntimeError(repr(error))
        for job in jobs:
            job.loop.call_soon_threadsafe(_fail, job.done, told)
        return
    if jobs[0].tokens:
        by.took(jobs[0].tokens, time.monotonic() - begun)
    for job in jobs:
        result = list(itertools.islice(vectors, len(job.texts)))
        job.loop.call_soon_threadsafe(_finish, job.done, result)


def cut(lengths: list[int], tokens: int) -> list[list[int]]:
    """Slices of texts of like length, as indices; each has at most ``tokens`` padded tokens.

    ``lengths`` are the texts' own, in tokens.
    """
    ordered = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    slices: list[list[int]] = []
    while ordered:
        padded = -(-max(lengths[ordered[0]], 1) // PADDED_TO) * PADDED_TO
        room = max(1, tokens // padded)
        slices.append(ordered[:room])
        ordered = ordered[room:]
    return slices


def _in_order(slices: list[list[int]], found: list[list[bytes]]) -> list[bytes]:
    """The vectors of slices, in the order in which the texts were given."""
    by_index = {
        index: vector
        for indices, embedded in zip(slices, found, strict=True)
        for index, vector in zip(indices, embedded, strict=True)
    }
    return [by_index[index] for index in range(len(by_index))]


def _finish(future: "asyncio.Future[list[bytes]]", result: list[bytes]) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[list[bytes]]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


if __name__ == "__main__":
    configured = settings_from_stdin()
    serve(lambda: Embedder(configured), Path(sys.argv[1]), configured.engines.idle_seconds)
