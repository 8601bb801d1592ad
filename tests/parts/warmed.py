"""The process that has loaded everything, and what is forked from it (:mod:`tests.parts.warm`)."""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import TextIO

import msgspec

from kb import failpoints
from kb.cli import telling
from kb.engines.serving import Engine, serve
from kb.files import sandbox
from kb.settings import Settings
from kb.silence import confining
from tests.parts.warm import COUNTED, ENGINES, Starter, fork_engines, fork_runs

READING = ("ingest", "eval", "serve")
"""Commands that read files."""


def _serve_requests() -> None:
    from kb.cli import COMMANDS
    from kb.embedding.runtimes import compiled
    from kb.index import lexical

    for name in ENGINES:
        importlib.import_module(name)
    compiled.library()
    for name in {place.partition(":")[0] for place in COMMANDS.values()}:
        importlib.import_module(f"kb.cli.{name}")

    lexical.language_of("The pump is in hall four.")
    gc.freeze()  # what is forked shares these pages for as long as nobody writes to them
    _answer_requests(sys.stdin, sys.stdout)


def _answer_requests(requests: TextIO, answers: TextIO) -> None:
    """Fork what is asked for, and say how it has ended, until nobody can ask any more."""
    running: set[int] = set()
    ended: dict[int, int] = {}
    signal.signal(signal.SIGCHLD, lambda *_: _collect(running, ended))
    for line in requests:
        request = json.loads(line)
        if request.get("command", [""])[0] in READING:
            _start_parsers()
        if pid := request.get("ended"):
            answer = ended.get(pid)
        elif not (answer := _forked(running, ended)):
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if "command" in request:
                _become_command(**request)
            else:
                _become_engine(**request)
        print(json.dumps(answer), file=answers, flush=True)


def _start_parsers() -> None:
    """Start the server that commands fork their parsers from, if it does not run yet."""
    from ingest.parsers import kinds

    sandbox.preload((*kinds.EVERYTHING, *COUNTED))
    forkserver._forkserver.ensure_running()


def _use_those_parsers(environment: dict[str, str]) -> None:
    """Fork parsers from that server, unless what they start is looked for elsewhere here.

    Where it does not run yet, the command starts one of its own.
    """
    server = forkserver._forkserver
    if server._forkserver_address is None:
        return
    if environment.get("PATH") == os.environ.get("PATH"):
        server.ensure_running = resource_tracker.ensure_running
    else:
        server.__init__()
        sandbox._preloaded.clear()


def _forked(running: set[int], ended: dict[int, int]) -> int:
    """As ``os.fork``; numbers of processes come back, and how an earlier one ended is forgotten."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    try:
        pid = os.fork()
        ended.pop(pid, None)
        running.add(pid)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    return pid


def _collect(running: set[int], ended: dict[int, int]) -> None:
    """Note who has ended; how the server of parsers ends is for whoever looks after it."""
    for pid in list(running):
        with contextlib.suppress(ChildProcessError):  # a signal in between had it noted
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                running.discard(pid)
                ended[pid] = os.waitstatus_to_exitcode(status)


def _become_engine(
    module: str, settings: str, socket: str, log: str, environment: dict, *, silent: bool
) -> None:
    status = 1
    try:
        os.setsid()
        _say_into(log, log)
        _live_in(environment)
        _show_as(sys.executable, "-m", *(["kb.engines.alone"] if silent else []), module, socket)
        if silent:
            confining.leave_network()
        configured = msgspec.json.decode(settings, type=Settings)
        engine = _engine_of(module)
        serve(lambda: engine(configured), Path(socket), configured.engines.idle_seconds)
        status = 0
    except SystemExit as leaving:
        status = leaving.code or 0
    finally:
        os._exit(status)


def _engine_of(module: str) -> Callable[[Settings], Engine]:
    loaded = importlib.import_module(module)
    return loaded.Indexer if module == "kb.index.process" else loaded.Embedder


def _become_command(
    command, environment, folder: str, output: str, errors: str, tells: str = ""
) -> None:
    status = 1
    try:
        if tells:
            os.setsid()
            environment[telling.NUMBER] = str(os.open(tells, os.O_WRONLY))
        _say_into(output, errors)
        main = importlib.import_module("kb.__main__")
        sys.modules["__main__"] = main  # as its own children are told
        _use_those_parsers(environment)
        _live_in(environment)
        importlib.reload(failpoints)  # which read it when they were loaded
        _leave_a_starter()
        os.chdir(folder)
        sys.argv = ["kb", *command]
        with contextlib.suppress(
            AssertionError
        ):  # a long one; only whoever lists processes sees it
            _show_as(sys.executable, "-m", "kb", *command)
        main.main()
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _leave_a_starter() -> None:
    """Fork a process, which has no thread yet, that forks this one's engines and its runs."""
    hearing, asking = os.pipe()
    answered, answering = os.pipe()
    if os.fork():
        os.close(hearing)
        os.close(answering)
        starter = Starter(os.fdopen(asking, "w"), os.fdopen(answered))
        fork_engines(lambda: starter)
        fork_runs(lambda: starter)
        return
    os.close(asking)
    os.close(answered)
    try:
        _answer_requests(os.fdopen(hearing), os.fdopen(answering, "w"))
    finally:
        os._exit(0)


def _say_into(output: str, errors: str) -> None:
    opened = [os.open(os.devnull, os.O_RDONLY)]
    opened += [
        os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666) for log in (output, errors)
    ]
    for descriptor, now in enumerate(opened):
        os.dup2(now, descriptor)


def _live_in(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _show_as(*command: str) -> None:
    """Write another command line, as /proc shows it, over this process's own."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    begin, end = int(fields[45]), int(fields[46])
    words = b"\0".join(os.fsencode(w) for w in command) + b"\0"
    assert len(words) <= end - begin, "longer than the room for it"
    ctypes.memmove(begin, words.ljust(end - begin, b"\0"), end - begin)


if __name__ == "__main__":
    _serve_requests()
