"""Which runtime and number format embed fastest here: measured once a model, processor and release.

Each candidate is tried in a process of its own, since one may end by a signal where a processor
lacks an instruction. All are measured alike: by as many threads, which all have the priority of
bulk work, on the same passages, of the usual length. The fastest have a second turn, and of each
the best one counts: what else this machine did meanwhile hits some turns, seldom all of one.

A format that is faster than float32 of its runtime is compared with that; it counts if it ranks the
built-in texts alike (:mod:`kb.embedding.agreement`). Of all the fastest is taken.
"""

import contextlib
import platform
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import msgspec

from kb import bulk
from kb.embedding import agreement, cards, models, record, trials
from kb.embedding.naming import Dtype, Name
from kb.embedding.opening import open_runtime
from kb.embedding.record import Agreement, Record, Tried
from kb.embedding.runtimes import Runtime
from kb.embedding.trials import EndedTrial
from kb.errors import KbError
from kb.settings import Embedding

SECONDS = 2.0
"""For which each candidate embeds passages in a turn."""
AGAIN = 2
"""How many candidates, the fastest ones, have a second turn."""
LENGTH = 880
"""Characters of a usual passage: what the built-in ones are put together to, about."""
QUESTIONS = 9
"""How many single questions are timed."""
BATCHES = 2
"""Of passages, which are embedded again and again."""
LONGEST = 256
"""Word pieces of a passage, about, by which so many make a batch as ingestion makes of them."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the candidates of a model are tried: by its settings, and files derived in ``folder``.

    Where ``stopping`` is set, what is being tried is ended.
    """

    settings: Embedding
    folder: Path
    stopping: threading.Event = field(default_factory=threading.Event)

    def ran(self, *arguments: str) -> EndedTrial:
        """What a process of this module says, in lines, and how it ended.

        Raises:
            StoppedError: it was stopped.
        """
        given = msgspec.json.encode(self.settings)
        called = (str(self.folder), str(SECONDS), *arguments)
        return trials.run(__name__, *called, given=given, stopping=self.stopping)


def measure(
    settings: Embedding,
    folder: Path,
    *,
    every: bool = False,
    stopping: threading.Event | None = None,
) -> Record:
    """Try the candidates that the settings leave, or ``every`` one, and keep the record.

    One process of a host at a time does. An earlier record stays where this is stopped.

    Raises:
        OSError: the record cannot be written.
        StoppedError: a trial was stopped, or ``stopping`` was set.
    """
    file = record.file_of(settings, folder)
    bench = Bench(settings, folder, stopping or threading.Event())
    wanted = record.candidates(settings) if every else record.left_by(settings)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with models.alone(file.with_suffix(".lock")):
        found = Record(
            host=platform.node(),
            processor=record.processor(),
            libraries=record.libraries(settings),
            measured=time.time(),
            tried=tuple(_compared(bench, _timed_all(bench, wanted))),
        )
        models.write_whole(file, msgspec.json.format(msgspec.json.encode(found)))
    return found


def _timed_all(bench: Bench, candidates: Sequence[tuple[Name, Dtype]]) -> list[Tried]:
    """Each candidate, with its rate or why it has none: of its turns the fastest counts.

    All have one turn, and the fastest of them another, since noise may have chosen among these.
    """
    turns = {one: [_turn(bench, *one)] for one in candidates}
    for name, dtype in _fastest(turns):
        turns[name, dtype].append(_turn(bench, name, dtype))
    return [_best(of_one) for of_one in turns.values()]


def _fastest(turns: Mapping[tuple[Name, Dtype], Sequence[Tried]]) -> list[tuple[Name, Dtype]]:
    usable = [one for one, of_one in turns.items() if not of_one[-1].refused]
    return sorted(usable, key=lambda one: -turns[one][-1].rate)[:AGAIN]


def _turn(bench: Bench, name: Name, dtype: Dtype) -> Tried:
    ended = bench.ran("time", name, dtype)
    if ended.said:
        return msgspec.json.decode(ended.said[-1], type=Tried)
    return Tried(runtime=name, dtype=dtype, refused=ended.how, passing=ended.passing)


def _best(turns: Sequence[Tried]) -> Tried:
    """The fastest of the turns of a candidate, or the one in which it was refused."""
    refused = [one for one in turns if one.refused]
    if refused:
        return refused[0]
    rates = [one.rate for one in turns]
    return msgspec.structs.replace(
        max(turns, key=lambda one: one.rate),
        question_ms=min(one.question_ms for one in turns),
        spread=round(1 - min(rates) / max(rates), 3) if max(rates) else 0.0,
    )


def _compared(bench: Bench, tried: Sequence[Tried]) -> Iterator[Tried]:
    """What was tried, with the agreement of each that is faster than float32 of its runtime."""
    exact = {one.runtime: one.rate for one in tried if one.dtype == "float32"}
    for one in tried:
        if one.refused or one.dtype == "float32" or one.rate <= exact.get(one.runtime, 0.0):
            yield one
            continue
        ended = bench.ran("compare", one.runtime, one.dtype)
        agreed = msgspec.json.decode(ended.said[-1], type=Agreement) if ended.said else None
        refused = ended.how if agreed is None else agreed.problem()
        passing = agreed is None and ended.passing
        yield msgspec.structs.replace(one, agreement=agreed, refused=refused, passing=passing)


def time_one(settings: Embedding, folder: Path, seconds: float, name: Name, dtype: Dtype) -> None:
    """Time a number format of a runtime in this process; prints a line of JSON."""
    try:
        tried = _timed(open_runtime(settings, name, dtype, folder), settings, seconds)
    except (KbError, OSError) as error:
        passing = isinstance(error, OSError) or error.code == "out_of_memory"
        tried = Tried(runtime=name, dtype=dtype, refused=str(error), passing=passing)
    trials.say(tried)


def compare(settings: Embedding, folder: Path, _seconds: float, name: Name, dtype: Dtype) -> None:
    """Compare a number format with float32 of the same runtime; prints a line of JSON."""
    threads, files = models.threads_of(settings), models.find(settings)
    reference, other = (
        agreement.vectors_of(open_runtime(settings, name, one, folder), files, threads)
        for one in ("float32", dtype)
    )
    trials.say(agreement.between(reference, other))


def _timed(runtime: Runtime, settings: Embedding, seconds: float) -> Tried:
    asked = [question for _, question in agreement.built_in()][: QUESTIONS + 1]
    times = []
    for question in asked:
        begun = time.monotonic()
        runtime.vectors([question])
        times.append(time.monotonic() - begun)
    return Tried(
        runtime=runtime.name,
        dtype=runtime.dtype,
        rate=round(_rate(runtime, models.threads_of(settings), seconds), 1),
        question_ms=round(1000 * sorted(times[1:])[QUESTIONS // 2], 1),
    )


def usual_passages(count: int) -> list[str]:
    """The built-in passages, put together to texts of the usual length; no two are the same."""
    short = [passage for passage, _ in agreement.built_in()]
    found = []
    for first in range(count):
        text, following = "", cycle(short[first % len(short) :] + short[: first % len(short)])
        while len(text) < LENGTH:
            text += next(following) + "\n"
        found.append(text[:LENGTH].rpartition(" ")[0])
    return found


def _rate(runtime: Runtime, threads: int, seconds: float) -> float:
    """Passages a second, by as many threads as bulk work has, for so many seconds.

    Each of them has one batch at least, however late it starts.
    """
    size = runtime.slices[1] // LONGEST
    passages = usual_passages(BATCHES * size)
    batches = [passages[i * size : (i + 1) * size] for i in range(BATCHES)]
    for batch in batches:
        runtime.vectors(batch, bulk=True)
    waiting, lock = cycle(batches), threading.Lock()
    until = time.monotonic() + seconds

    def work(_: int) -> int:
        count = 0
        while not count or time.monotonic() < until:
            with lock:
                batch = next(waiting)
            count += len(runtime.vectors(batch, bulk=True))
        return count

    begun = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        count = sum(pool.map(work, range(threads)))
    return count / (time.monotonic() - begun)


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Tell a card without memory so that who started this process knows it: it may pass."""
    try:
        yield
    except RuntimeError as error:
        if not cards.is_short(error):
            raise
        raise MemoryError(cards.told_short(error)) from error


def main() -> None:
    """What :meth:`Bench.ran` starts: settings from stdin, the rest as arguments.

    The work is done in a thread that has stepped back. The first thread keeps its priority, by
    which runtimes with threads of their own tell how far these have to step back: to the same.
    """
    settings = msgspec.json.decode(sys.stdin.buffer.read(), type=Embedding)
    folder, seconds, how, name, dtype = sys.argv[1:]
    work = time_one if how == "time" else compare
    with bulk.threads() as pool, in_words():
        pool.submit(work, settings, Path(folder), float(seconds), name, dtype).result()  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
