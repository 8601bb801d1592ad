"""The embedder process: the model, once. Questions overtake bulk work.

One thread a core, each with a batch of its own: on two cores that embeds 1.3 times as many
passages as two threads that share each batch (docs/benchmarks.md).

Where nothing has been measured on this host yet, it begins with a runtime that is sure, measures
beside its work, and goes on with the best.
"""

import asyncio
import itertools
import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

import msgspec

from kb import bulk
from kb.embedding import choosing, models, record
from kb.embedding.encoder import Model
from kb.embedding.models import engine_fingerprint
from kb.embedding.record import ON_A_CARD
from kb.embedding.runtimes import CPU_SLICES, PADDED_TO
from kb.embedding.scaling import scale_of
from kb.embedding.starting import start
from kb.engines.serving import give_memory_back, serve, settings_from_stdin
from kb.errors import KbError
from kb.settings import Settings

log = logging.getLogger("kb.embedding")
T = TypeVar("T")
QUERY, BULK = 0, 1
SLICE_SECONDS = 0.2
"""Seconds that a slice of bulk work takes, about."""
MOST_QUESTIONS = 16
"""Questions that are embedded as one batch."""
MOST_KNOWN = 64
"""Questions whose vectors are kept in memory, as the index keeps their words."""
REST_SECONDS = 1.0
"""Seconds without bulk work after which the bulk thread frees its buffers (about 100 MB). Questions
do not delay this."""


@dataclass(slots=True)
class Job:
    """A slice of texts that wait for their vectors; its padded ``tokens`` (questions: 0)."""

    texts: list[str]
    tokens: int
    done: "asyncio.Future[list[bytes]]"
    loop: asyncio.AbstractEventLoop


class Embedder:
    """The engine of the embedder process; its public coroutine methods are the calls."""

    def __init__(self, settings: Settings) -> None:
        self.fingerprint = engine_fingerprint(settings.embedding)
        self._settings = settings
        self._leaving = threading.Lock()
        self._folder = models.derived_dir(settings)
        self._measured = record.kept(settings.embedding, self._folder)
        begun = start(settings, self._measured)
        self._problem = begun.problem
        files = models.find(settings.embedding)
        if files.problem:
            log.warning("%s: %s", files.name, files.problem)
        self._model = Model(files, begun.runtime)
        self._scale = self._on_a_card_or_off(
            partial(scale_of, self._model, settings.embedding, self._folder)
        )
        self._known: dict[tuple[str, str], dict[str, object]] = {}
        self._questions: SimpleQueue[Job] = SimpleQueue()
        self._slices: SimpleQueue[Job] = SimpleQueue()
        self._counting = bulk.threads()
        self._tokens_a_second = 1.5 * CPU_SLICES[1] / SLICE_SECONDS
        for _ in range(models.threads_of(settings.embedding)):
            threading.Thread(target=self._work, daemon=True).start()
        threading.Thread(target=self._answer_questions, daemon=True).start()
        if self._measured is None and record.is_open(settings.embedding):
            threading.Thread(target=self._measure, daemon=True).start()

    async def embed_query(self, text: str) -> dict[str, object]:
        """A question's vector, and by which scale it is read.

        The last questions are known: with another filter, or asked after it was searched for, a
        question comes again.
        """
        key = (text, self._model.computed_by)
        answer = self._known.get(key) or await self._embedded(text)
        self._known[key] = answer
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        return answer

    async def _embedded(self, text: str) -> dict[str, object]:
        [vector] = await self._put(QUERY, [self._model.as_query(text)])
        return {
            "vector": vector,
            "fertility": self._model.fertility(text),
            "computed_by": self._model.computed_by,
            "scale": msgspec.to_builtins(self._scale),
        }

    async def embed_questions(self, texts: list[str]) -> list[bytes]:
        """Vectors of many questions, for which nobody waits, in order."""
        questions = [self._model.as_query(t) for t in texts]
        return await self._embed(BULK, questions, await self._counted(questions))

    async def embed_texts(self, texts: list[str]) -> list[bytes]:
        """Vectors of a few passages, or parts of them, that somebody waits for, in order."""
        passages = [self._model.as_passage(t) for t in texts]
        return await self._embed(QUERY, passages, self._model.count(passages))

    async def match(self, question: str, texts: list[str]) -> list[tuple[float, float]]:
        """How well a question's word pieces are met by each text (see ``Model.matches``)."""
        call = partial(self._model.matches, question, texts)
        return await asyncio.to_thread(self._on_a_card_or_off, call)

    async def embed_passages(self, texts: list[str], processors: int = 0) -> list[bytes]:
        """Vectors of many passages, in order; done in slices, between which questions go first.

        From now on bulk work keeps to as many ``processors``; 0: to all.
        """
        bulk.keep_to(bulk.processors(processors))
        passages = [self._model.as_passage(t) for t in texts]
        return await self._embed(BULK, passages, await self._counted(passages))

    async def _counted(self, texts: list[str]) -> list[int]:
        """Tokens of each text; counted in a thread, where questions do not wait for it."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._counting, self._model.count, texts)

    async def _embed(self, priority: int, texts: list[str], lengths: list[int]) -> list[bytes]:
        slices = cut(lengths, self._slice_tokens())
        results = await asyncio.gather(
            *(self._put(priority, [texts[i] for i in s], len(s) * lengths[s[0]]) for s in slices)
        )
        vectors: list[bytes] = [b""] * len(texts)
        for indices, embedded in zip(slices, results, strict=True):
            for index, vector in zip(indices, embedded, strict=True):
                vectors[index] = vector
        return vectors

    async def describe(self) -> dict[str, object]:
        """Name, digest, shape and scale of the model, and how fast it is here.

        ``rate`` (passages a second) is None where nothing has been measured; ``problem`` says why
        another runtime is used than should be.
        """
        told = self._model.describe()
        found = self._measured
        used = None if found is None else found.of(str(told["runtime"]), str(told["dtype"]))
        rate = used.rate if used is not None and not used.refused else None
        scale = msgspec.to_builtins(self._scale)
        return told | {"rate": rate, "problem": self._problem, "scale": scale}

    def close(self) -> None:
        """Nothing is left to do: vectors are kept by whoever asked for them."""

    async def _put(self, priority: int, texts: list[str], tokens: int = 0) -> list[bytes]:
        loop = asyncio.get_running_loop()
        job = Job(texts, tokens, loop.create_future(), loop)
        (self._questions if priority == QUERY else self._slices).put(job)
        return await job.done

    def _answer_questions(self) -> None:
        """In a thread of their own: a question waits for no slice, and several go as one batch."""
        while True:
            jobs = [self._questions.get()]
            while len(jobs) < MOST_QUESTIONS and not self._questions.empty():
                jobs.append(self._questions.get())
            self._answer(jobs, bulk=False)

    def _work(self) -> None:
        """Bulk work, at a lower priority of the system: a question gets most of a core at once."""
        bulk.step_back()
        while True:
            try:
                job = self._slices.get(timeout=REST_SECONDS)
            except Empty:
                self._model.runtime.rest()
                give_memory_back()
                job = self._slices.get()
            self._answer([job], bulk=True)

    def _measure(self) -> None:
        """Find out what is best here, and go on with it. What fails here fails nobody's call."""
        try:
            self._measured = choosing.measure(self._settings.embedding, self._folder)
            begun = start(self._settings, self._measured)
        except (KbError, OSError) as error:
            log.warning("what embeds fastest here could not be measured: %s", error)
            self._problem = self._problem or f"It could not be measured: {error}"
            return
        self._problem = begun.problem
        self._model.runtime = begun.runtime

    def _on_a_card_or_off(self, call: Callable[[], T]) -> T:
        """What the model gives; once more by the processor, where a card's memory is short."""
        try:
            return call()
        except RuntimeError as error:
            if type(error).__name__ != "OutOfMemoryError":  # as torch calls its own
                raise
            self._leave_the_card(error)
            return call()

    def _leave_the_card(self, error: RuntimeError) -> None:
        """Go on without the graphics card, whose memory others need.

        Raises:
            ConfigurationError: nothing else can compute the model.
        """
        with self._leaving:
            if self._model.runtime.dtype != ON_A_CARD[1]:
                return  # another thread has
            log.warning("the card's memory is short, the processor computes: %s", error)
            chosen = msgspec.structs.replace(self._settings.embedding, device="cpu", dtype="auto")
            self._settings = msgspec.structs.replace(self._settings, embedding=chosen)
            self._model.runtime = start(self._settings, self._measured).runtime
            self._problem = f"The card's memory is short: {error}"

    def _slice_tokens(self) -> int:
        """A power of two, so that batches have few shapes: each costs a kernel of its own."""
        fitting = self._tokens_a_second * SLICE_SECONDS
        slices = self._model.runtime.slices
        return next((n for n in slices if n <= fitting), slices[-1])

    def _answer(self, jobs: list[Job], *, bulk: bool) -> None:
        begun = time.monotonic()
        try:
            texts = [text for job in jobs for text in job.texts]
            call = partial(self._model.encode, texts, bulk=bulk)
            vectors = iter(self._on_a_card_or_off(call))
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            for job in jobs:
                job.loop.call_soon_threadsafe(_fail, job.done, error)
            return
        if jobs[0].tokens:
            speed = jobs[0].tokens / (time.monotonic() - begun)
            self._tokens_a_second += (speed - self._tokens_a_second) / 8
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


def _finish(future: "asyncio.Future[list[bytes]]", result: list[bytes]) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[list[bytes]]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


if __name__ == "__main__":
    configured = settings_from_stdin()
    serve(lambda: Embedder(configured), Path(sys.argv[1]), configured.engines.idle_seconds)
