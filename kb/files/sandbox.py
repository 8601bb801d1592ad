"""A child process under limits, for code that touches bytes from outside.

A child is forked from a server process that has loaded the parsers and nothing else (no torch, no
threads, no open catalog), so it starts in milliseconds. It dies with its parent, has its own
temporary folder, and hands back bytes of bounded size. Where the system allows it (Linux with user
namespaces), it sees no other process, and may start a bounded number of its own, which all end with
it. It has no network, by such a namespace and by a filter of its system calls.
"""

import contextlib
import ctypes
import errno
import json
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import ModuleType
from typing import Any

from kb.errors import FileProblem
from kb.silence import confining

PR_SET_PDEATHSIG = 1
"""The number in prctl(2) by which a child is killed with its parent."""
POLL_SECONDS = 0.5
"""How often a parent looks at its child: at its folder, and whether it is to stop."""
ANSWER_BYTES = 512 * 1024 * 1024
"""Bytes of the longest answer of a child that is taken."""
DONE, PROBLEM = b"D", b"P"
UNFORESEEN = "its reader found in it what no such file has"
"""What people are told where a reader raised what nobody foresaw; ``error`` has it for programs."""

_starting = threading.Lock()
_context = multiprocessing.get_context("forkserver")
_preloaded: list[str] = []


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use.

    ``seconds`` of the clock, and as many of the processor; ``memory`` is bytes of address space,
    ``file_size`` of one file, ``folder_size`` of all in its temporary folder; ``processes`` counts
    threads as well. ``niceness`` keeps bulk work behind what people wait for. ``processors`` are
    the numbers of those that it may run on; empty: any.
    """

    seconds: float = 120.0
    memory: int = 3 * 1024**3
    file_size: int = 1024**3
    folder_size: int = 2 * 1024**3
    processes: int = 128
    niceness: int = 10
    processors: frozenset[int] = frozenset()


def preload(modules: Iterable[str]) -> None:
    """Name the modules that the server process loads before it forks children.

    There is one server process, so only the first call counts; any other module is loaded by each
    child that needs it.
    """
    if not _preloaded:
        _preloaded.extend(modules)
        _context.set_forkserver_preload([*_preloaded, "kb.files.frozen"])


def run(
    call: Callable[..., bytes],
    *arguments: Any,
    limits: Limits,
    within: Path | None = None,
    stop: threading.Event | None = None,
) -> bytes:
    """Run a module-level function in a child and return the bytes that it returns.

    The child's temporary folder is made ``within`` a folder; without one, in the system's. Once
    ``stop`` is set the child ends within a moment.

    Raises:
        FileProblem: what the child raised; or it hung (``parser_timeout``), ran out of memory
            (``parser_memory``) or room (``parser_space``), or crashed (``parser_crashed``).
    """
    receiving, sending = _context.Pipe(duplex=False)
    folder = tempfile.mkdtemp(prefix="kb-child-", dir=within)
    child = _context.Process(
        target=_child, args=(sending, folder, limits, call, arguments), daemon=True
    )
    try:
        with _without_main():
            child.start()
        sending.close()
        return _answer(child, receiving, folder, limits, stop or threading.Event())
    finally:
        _end(child)
        receiving.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Start a child that does not load the program's own main module again.

    multiprocessing would run it anew in every child, for functions that live there: ours never do,
    and what ``kb`` imports takes longer than reading a small file.
    """
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _answer(
    child: ForkServerProcess,
    receiving: Connection,
    folder: str,
    limits: Limits,
    stop: threading.Event,
) -> bytes:
    deadline = time.monotonic() + limits.seconds
    while not receiving.poll(min(POLL_SECONDS, max(0.0, deadline - time.monotonic()))):
        if time.monotonic() >= deadline:
            raise FileProblem("parser_timeout", seconds=round(limits.seconds))
        if stop.is_set():
            raise FileProblem("stopped")
        if _bytes_in(folder) > limits.folder_size:
            raise FileProblem("parser_space", limit=limits.folder_size // 1024**2)
    try:
        message = receiving.recv_bytes(ANSWER_BYTES)
    except (EOFError, OSError) as error:
        child.join(5)
        raise FileProblem("parser_crashed", signal=_signal_name(child.exitcode)) from error
    if message[:1] == DONE:
        return message[1:]
    told = json.loads(message[1:])
    raise FileProblem(told["code"], **told["detail"])


def _bytes_in(folder: str) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total


def _end(child: ForkServerProcess) -> None:
    if child.pid is None:
        return
    if child.is_alive():
        # Its group too: where there are no namespaces, that is what it started.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.kill()
    child.join(10)


def _signal_name(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return signal.Signals(-exitcode).name
    return f"exit {exitcode}"


def _child(
    sending: Connection,
    folder: str,
    limits: Limits,
    call: Callable[..., bytes],
    arguments: tuple[Any, ...],
) -> None:
    _confine(folder, limits)
    message = _called(call, arguments)
    sending.send_bytes(message)
    sending.close()


def _called(call: Callable[..., bytes], arguments: tuple[Any, ...]) -> bytes:
    """What a call returned or raised, as one message."""
    try:
        return DONE + call(*arguments)
    except FileProblem as problem:
        return _problem(problem.code, **problem.detail)
    except MemoryError:
        return _problem("parser_memory")
    except RecursionError:
        return _problem("damaged", what="nested too deeply")
    except TimeoutError as error:  # a program did not answer: that says nothing of the file
        return _problem("unexpected", what=str(error)[:300])
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return _problem("disk_full")
        return _problem("damaged", what=error.strerror or UNFORESEEN, error=repr(error)[:300])
    except Exception as error:  # noqa: BLE001 - whatever a parser raises is this file's problem
        return _problem("damaged", what=UNFORESEEN, error=repr(error)[:300])


def _problem(code: str, **detail: Any) -> bytes:
    return PROBLEM + json.dumps({"code": code, "detail": detail}, default=str).encode()


def _confine(folder: str, limits: Limits) -> None:
    """Give up what reading a file does not need; returns in the process that does the reading."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    niceness = max(limits.niceness, os.getpriority(os.PRIO_PROCESS, 0))
    os.setpriority(os.PRIO_PROCESS, 0, niceness)
    if limits.processors:
        with contextlib.suppress(OSError):  # none of them is this machine's any more
            os.sched_setaffinity(0, limits.processors)
    if _enter_namespaces(libc):
        _go_on_as_first_process(libc)
    if not confining.in_sinkhole():
        confining.filter_sockets(libc)
    processor = int(limits.seconds) + 1
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        _limit(kind, value)
    others = 0 if _is_alone() else _threads_of_user()
    _limit(resource.RLIMIT_NPROC, others + limits.processes)
    os.environ["TMPDIR"] = folder
    os.environ["HOME"] = folder
    os.environ["OMP_THREAD_LIMIT"] = "1"
    tempfile.tempdir = folder
    os.chdir(folder)


def told() -> bytes:
    """What holds for the process that this is called in, as JSON: called in a child, by ``run``.

    ``apart``: it sees no other process. ``silent``: no address outside can be reached.
    """
    return json.dumps({"apart": _is_alone(), "silent": confining.is_silent()}).encode()


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _enter_namespaces(libc: ctypes.CDLL) -> bool:
    """No network, and processes counted and seen apart; False where the system refuses."""
    users, network = confining.CLONE_NEWUSER | confining.CLONE_NEWPID, confining.CLONE_NEWNET
    if confining.in_sinkhole():
        return confining.enter_namespaces(libc, users)
    if confining.enter_namespaces(libc, users | network):
        return True
    libc.unshare(network)  # allowed to root even where user namespaces are off
    return False


def _go_on_as_first_process(libc: ctypes.CDLL) -> None:
    """Fork into the new process namespace: when its first process ends, so does all in it."""
    first = os.fork()
    if first:
        os._exit(_exit_as(os.waitpid(first, 0)[1]))
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _exit_as(status: int) -> int:
    """End the way a child ended: by the same signal, or with the same code."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _threads_of_user() -> int:
    """Without a namespace of its own a child is counted with all that its user runs."""
    user, total = os.getuid(), 0
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == user:
                total += len(os.listdir(f"/proc/{entry.name}/task"))
    return total


def _is_alone() -> bool:
    """Whether processes are counted for this child alone (it is the first of a namespace)."""
    return os.getpid() == 1
