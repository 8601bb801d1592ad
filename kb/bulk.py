"""Bulk work: what nobody waits for steps back behind the questions, and keeps to some processors.

On Linux priority and processors are a thread's own. Threads of bulk work have the lower priority;
so a process knows them by it, and can hold them to fewer processors while its others, which answer
people, run anywhere.
"""

import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from kb.settings import Ingest
from kb.settings.hours import is_within

STEP = 10
"""By how much bulk work is nicer than the rest of its process (setpriority(2))."""
TASKS = Path("/proc/self/task")
_kept_to: list[frozenset[int]] = []
"""The processors that bulk work of this process was held to last; none: it never was."""


def step_back() -> None:
    """Give this thread, and those that it makes, the lower priority of bulk work.

    They keep to the processors of such work from the start. On systems without priorities of
    threads nothing changes.
    """
    with contextlib.suppress(OSError, AttributeError):
        niceness = _of_people() + STEP
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
        if _kept_to:
            os.sched_setaffinity(0, _kept_to[-1])


def _of_people() -> int:
    """The niceness of this process's first thread, and of those that work for people."""
    return os.getpriority(os.PRIO_PROCESS, os.getpid())


def threads() -> ThreadPoolExecutor:
    """A pool of threads for bulk work."""
    return ThreadPoolExecutor(thread_name_prefix="bulk", initializer=step_back)


def usable_cores() -> int:
    """Processor cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(os.getpid()))  # of its first thread, which is never limited
    return os.cpu_count() or 1


def can_be_limited() -> bool:
    """Whether this system holds threads to some of its processors."""
    return hasattr(os, "sched_setaffinity")


def wall_clock() -> datetime:
    """The time of this machine."""
    return datetime.now().astimezone()


def allowed(settings: Ingest, moment: datetime, usable: int) -> int:
    """How many of ``usable`` processors ingestion may use at a moment, by the clock on the wall."""
    limits = [usable, settings.processors or usable]
    if any(is_within(hours, moment) for hours in settings.office_hours):
        limits.append(settings.office_processors)
    return min(limits)


def processors(count: int) -> frozenset[int]:
    """The numbers of the ``count`` processors that are for bulk work: of this process's the last.

    0: of all. Empty where this system holds no thread to some of them.
    """
    if not can_be_limited():
        return frozenset()
    return frozenset(sorted(os.sched_getaffinity(os.getpid()))[-count:])


def keep_to(numbers: frozenset[int]) -> None:
    """Hold this process's threads of bulk work to these processors; empty: leave them."""
    if not numbers:
        return
    _kept_to[:] = [numbers]  # before looking: who steps back meanwhile keeps to them too
    people = _of_people()
    for task in map(int, os.listdir(TASKS)):
        with contextlib.suppress(OSError):  # it has ended just now
            if os.getpriority(os.PRIO_PROCESS, task) > people:
                os.sched_setaffinity(task, numbers)
