"""A child process under limits, for code that touches bytes from outside.

The child is forked from a server process that has loaded the parsers and nothing else (no torch,
no threads, no open catalog), so it starts in milliseconds. It dies with its parent, has its own
temporary folder, no network where the system allows that, and hands back bytes of bounded size.
"""

import ctypes
import multiprocessing
import os
import resource
import shutil
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

from kb.errors import FileProblem

PR_SET_PDEATHSIG = 1
CLONE_NEWNET = 0x40000000
ANSWER_BYTES = 512 * 1024 * 1024
DONE, PROBLEM = b"D", b"P"

_context = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use: seconds of clock and of processor, bytes of address space and files."""

    seconds: float = 120.0
    memory: int = 3 * 1024**3
    file_size: int = 1024**3


def preload(modules: list[str]) -> None:
    """Name the modules that the server process loads before it forks children."""
    _context.set_forkserver_preload(modules)


def run(call: Callable[..., bytes], *arguments: Any, limits: Limits) -> bytes:
    """Run a module-level function in a child and return the bytes that it returns.

    Raises:
        FileProblem: what the child raised; or it hung (``parser_timeout``), ran out of memory
            (``parser_memory``), or crashed (``parser_crashed``).
    """
    receiving, sending = _context.Pipe(duplex=False)
    folder = tempfile.mkdtemp(prefix="kb-child-")
    child = _context.Process(
        target=_child, args=(sending, folder, limits, call, arguments), daemon=True
    )
    try:
        child.start()
        sending.close()
        return _answer(child, receiving, limits)
    finally:
        _end(child)
        receiving.close()
        shutil.rmtree(folder, ignore_errors=True)


def _answer(child: ForkServerProcess, receiving: Connection, limits: Limits) -> bytes:
    if not receiving.poll(limits.seconds):
        raise FileProblem("parser_timeout", seconds=round(limits.seconds))
    try:
        message = receiving.recv_bytes(ANSWER_BYTES)
    except (EOFError, OSError) as error:
        child.join(5)
        raise FileProblem("parser_crashed", signal=_signal_name(child.exitcode)) from error
    if message[:1] == DONE:
        return message[1:]
    code, _, parameter = message[1:].decode().partition("\0")
    raise FileProblem(code, **({"what": parameter} if parameter else {}))


def _end(child: ForkServerProcess) -> None:
    if child.pid is not None and child.is_alive():
        child.kill()
    if child.pid is not None:
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
    try:
        message = DONE + call(*arguments)
    except FileProblem as problem:
        what = str(problem.detail.get("what", ""))
        message = PROBLEM + f"{problem.code}\0{what}".encode()
    except MemoryError:
        message = PROBLEM + b"parser_memory"
    except RecursionError:
        message = PROBLEM + b"damaged\0nested too deeply"
    except Exception as error:  # noqa: BLE001 - whatever a parser raises is this file's problem
        what = f"{type(error).__name__}: {error}"[:300]
        message = PROBLEM + f"damaged\0{what}".encode("utf-8", "replace")
    sending.send_bytes(message)
    sending.close()


def _confine(folder: str, limits: Limits) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    libc.unshare(CLONE_NEWNET)  # refused without privileges: then only the limits hold
    os.setsid()
    processor = int(limits.seconds) + 1
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    os.environ["TMPDIR"] = folder
    os.environ["OMP_THREAD_LIMIT"] = "1"
    tempfile.tempdir = folder
    os.chdir(folder)
