"""The embedder process: torch and the model, once. Questions overtake bulk work."""

import asyncio
import itertools
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from queue import PriorityQueue

from kb.embedding import Model, fingerprint
from kb.engines.calling import settings_from_stdin
from kb.engines.serving import serve
from kb.settings import Settings

QUERY, BULK = 0, 1
SLICE_TOKENS = 2048
"""Padded tokens of a bulk slice: 150 ms on two slow cores; a question may wait 200 ms."""


@dataclass(order=True, slots=True)
class Job:
    """A slice of texts that wait for their vectors."""

    priority: int
    number: int
    texts: list[str] = field(compare=False)
    done: "asyncio.Future[list[bytes]]" = field(compare=False)
    loop: asyncio.AbstractEventLoop = field(compare=False)


class Embedder:
    """Calls: ``embed_query``, ``embed_passages``, ``describe``."""

    def __init__(self, settings: Settings) -> None:
        self.fingerprint = fingerprint(settings.embedding)
        self._model = Model(settings.embedding)
        self._jobs: PriorityQueue[Job] = PriorityQueue()
        self._numbers = itertools.count()
        threading.Thread(target=self._work, daemon=True).start()

    async def embed_query(self, text: str) -> dict[str, object]:
        """One question: its vector, and how many word pieces the model makes of a word."""
        [vector] = await self._put(QUERY, [self._model.as_query(text)])
        return {
            "vector": vector,
            "fertility": self._model.fertility(text),
            "multilingual": self._model.multilingual,
        }

    async def embed_texts(self, texts: list[str]) -> list[bytes]:
        """A few texts that somebody waits for."""
        return await self._put(QUERY, texts)

    async def embed_passages(self, texts: list[str]) -> list[bytes]:
        """Many passages, in slices between which questions go first. Order is kept."""
        slices = self._model.slices(texts, SLICE_TOKENS)
        results = await asyncio.gather(
            *(self._put(BULK, [self._model.as_passage(texts[i]) for i in s]) for s in slices)
        )
        vectors: list[bytes] = [b""] * len(texts)
        for indices, embedded in zip(slices, results, strict=True):
            for index, vector in zip(indices, embedded, strict=True):
                vectors[index] = vector
        return vectors

    async def describe(self) -> dict[str, object]:
        """What the model is."""
        return self._model.describe()

    def close(self) -> None:
        """Nothing is kept."""

    async def _put(self, priority: int, texts: list[str]) -> list[bytes]:
        loop = asyncio.get_running_loop()
        job = Job(priority, next(self._numbers), texts, loop.create_future(), loop)
        self._jobs.put(job)
        return await job.done

    def _work(self) -> None:
        while True:
            jobs = [self._jobs.get()]
            while jobs[0].priority == QUERY and len(jobs) < 16 and not self._jobs.empty():
                following = self._jobs.get()
                if following.priority == QUERY:
                    jobs.append(following)
                else:
                    self._jobs.put(following)
                    break
            self._answer(jobs)

    def _answer(self, jobs: list[Job]) -> None:
        try:
            vectors = iter(self._model.encode([t for j in jobs for t in j.texts]))
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            for job in jobs:
                job.loop.call_soon_threadsafe(_fail, job.done, error)
            return
        for job in jobs:
            result = list(itertools.islice(vectors, len(job.texts)))
            job.loop.call_soon_threadsafe(_finish, job.done, result)


def _finish(future: "asyncio.Future[list[bytes]]", result: list[bytes]) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[list[bytes]]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


if __name__ == "__main__":
    configured = settings_from_stdin()
    serve(lambda: Embedder(configured), Path(sys.argv[1]), configured.engines.idle_seconds)
