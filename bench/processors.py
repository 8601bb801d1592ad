"""Processor time of a run in this process: by part, and how busy the processors were meanwhile.

The parts of a run: *parse* is the children of the server process that forks them; *embed* the
embedder; *write* the index process and the catalog's threads; *cut* the other threads that the run
has work done in; *rest* what is left, its event loop above all.
"""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from kb.bulk import usable_cores

EVERY_SECONDS = 0.1
TICKS = os.sysconf("SC_CLK_TCK")
SHARES = 10
PARTS = ("parse", "cut", "embed", "write", "rest")


@dataclass(frozen=True, slots=True)
class Moment:
    """Seconds of the clock, and of the processors since they started: ours, and nobody's.

    ``wanted`` are the processors that we had work for just then: threads that ran, or could have.
    """

    at: float
    ours: dict[str, float]
    idle: float
    wanted: int


@dataclass(frozen=True, slots=True)
class Used:
    """What a run took: ``seconds`` of the clock, seconds of a processor by part.

    The others are shares of the processors in each tenth of the run: what the run had work for
    (``wanted``, which others' work does not change), what it got (``ours``), and what nobody used.
    """

    seconds: float
    parts: dict[str, float]
    wanted: list[float]
    ours: list[float]
    left: list[float]

    @property
    def total(self) -> float:
        """Seconds of a processor, of all parts."""
        return sum(self.parts.values())

    @property
    def over_the_least(self) -> float:
        """The run's seconds over those of its parts, divided among the processors."""
        return self.seconds * usable_cores() / self.total


class Watch:
    """Use it as a context around a run in this process; ``used`` is what it took, afterwards."""

    used: Used

    def __enter__(self) -> "Watch":
        self._family = Family()
        self._moments = [self._family.moment()]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._moments.append(self._family.moment())
        self.used = _used(self._moments)

    def _look(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self._moments.append(self._family.moment())


def _used(moments: list[Moment]) -> Used:
    first, last = moments[0], moments[-1]
    seconds = last.at - first.at
    edges = [first.at + seconds * n / SHARES for n in range(SHARES + 1)]
    cores = usable_cores()
    ours = [_at(moments, edge, lambda m: sum(m.ours.values())) for edge in edges]
    idle = [_at(moments, edge, lambda m: m.idle) for edge in edges]
    available = seconds / SHARES * cores
    return Used(
        seconds,
        {part: last.ours[part] - first.ours.get(part, 0.0) for part in PARTS},
        [_mean(moments, a, b) / cores for a, b in zip(edges, edges[1:], strict=False)],
        [(b - a) / available for a, b in zip(ours, ours[1:], strict=False)],
        [(b - a) / available for a, b in zip(idle, idle[1:], strict=False)],
    )


def _at(moments: list[Moment], edge: float, value) -> float:
    """A value at a time between two moments, as if it grew evenly."""
    later = next((n for n, m in enumerate(moments) if m.at >= edge), len(moments) - 1)
    if later == 0:
        return value(moments[0])
    before, after = moments[later - 1], moments[later]
    share = (min(edge, after.at) - before.at) / max(after.at - before.at, 1e-9)
    return value(before) + share * (value(after) - value(before))


def _mean(moments: list[Moment], begin: float, end: float) -> float:
    """Of the processors wanted in the moments of a stretch."""
    within = [m.wanted for m in moments if begin <= m.at <= end]
    return sum(within) / max(1, len(within))


class Family:
    """This process, its engines, and the parsers that come and go: what each has used so far."""

    def __init__(self) -> None:
        self._parts: dict[int, str] = {}
        self._seconds: dict[int, float] = {}
        """By process; of one that has ended what it had used when it was last seen."""

    def moment(self) -> Moment:
        """What has been used by now, and how many processors we have work for."""
        parts = dict.fromkeys(PARTS, 0.0)
        wanted = 0
        for number in _children(os.getpid()):
            part = self._part_of(number)
            for one in (number, *_descendants(number)) if part else ():
                self._parts[one] = part
                self._seconds[one] = max(self._seconds.get(one, 0.0), _used_by(f"/proc/{one}"))
                wanted += _can_run(one)
        for number, seconds in self._seconds.items():
            parts[self._parts[number]] += seconds
        for thread in threading.enumerate():
            if thread.name != "watch" and thread.native_id:
                task = f"/proc/self/task/{thread.native_id}"
                parts[_part_of_thread(thread.name)] += _used_by(task)
                wanted += _state(task) == "R"
        return Moment(time.monotonic(), parts, _idle(), min(wanted, usable_cores()))

    def _part_of(self, number: int) -> str:
        if number not in self._parts:
            command = _read(f"/proc/{number}/cmdline").replace("\0", " ")
            self._parts[number] = next((p for c, p in COMMANDS.items() if c in command), "")
        return self._parts[number]


def _children(number: int) -> list[int]:
    return [
        int(child)
        for task in _listed(f"/proc/{number}/task")
        for child in _read(f"/proc/{number}/task/{task}/children").split()
    ]


def _descendants(number: int) -> list[int]:
    return [one for child in _children(number) for one in (child, *_descendants(child))]


def _can_run(number: int) -> int:
    """How many threads of a process run, or wait for nothing but a processor."""
    tasks = _listed(f"/proc/{number}/task")
    return sum(_state(f"/proc/{number}/task/{task}") == "R" for task in tasks)


COMMANDS = {
    "multiprocessing.forkserver": "parse",
    "kb.embedding.process": "embed",
    "kb.index.process": "write",
}


def _part_of_thread(thread: str) -> str:
    if thread.startswith("kb-own"):
        return "write"
    return "rest" if thread == "MainThread" else "cut"


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # it has ended
        return []


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended
        return ""


def _fields(task: str) -> list[str]:
    """Of proc(5)'s ``stat``, from the third on; none where it has ended."""
    return _read(f"{task}/stat").rpartition(")")[2].split()


def _state(task: str) -> str:
    return next(iter(_fields(task)), "")


def _used_by(task: str) -> float:
    return sum(int(ticks) for ticks in _fields(task)[11:13]) / TICKS


def _idle() -> float:
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return (int(fields[4]) + int(fields[5])) / TICKS
