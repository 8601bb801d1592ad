"""Index engines, commands and servers forked from a process that has loaded them already.

Nearly every test starts an index engine in a data directory of its own, many run commands, and most
of what such a start takes is loading modules and the language model: 1.9 s of processor for an engine,
1.5 s for a command and 4.8 s for the server that a command forks its parsers from, here 0.1 s. Engine,
command and parsers themselves are the product's. The engine of a command is forked as well: by a
process that the command leaves behind before it begins, since one with threads may not be forked.
"""

import contextlib
import ctypes
import functools
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from threading import Lock
from typing import TextIO

import msgspec

from kb.engines.calling import QUIET, EngineClient
from kb.files import sandbox

ROOM = 400  # bytes of the command line, which each engine writes anew with what it serves


OTHERWISE = ("KB_", "XDG_", "OLLAMA", "PYTEST", "PYTHONUNBUFFERED", "PATH")
"""What may differ from the environment in which the modules were loaded: read when it is used."""
AT_LOADING = {"KB_FAILPOINT"}
"""And what is read when a module is loaded, all the same."""
READING = ("ingest", "eval", "serve")
"""Commands that read files."""
COUNTED = ("tests.parts.counted",) if "COVERAGE_PROCESS_CONFIG" in os.environ else ()
"""Loaded by the server that forks parsers, where coverage is counted."""


class Starter:
    """Starts engines by a process that forks them. It reads requests, a line each, and answers each.

    ``launch`` stands in for that of ``kb.engines.calling.EngineClient``.
    """

    def __init__(self, requests: TextIO, answers: TextIO) -> None:
        self._lock = Lock()
        self._requests, self._answers = requests, answers

    def ask(self, **request: object) -> int | None:
        with self._lock:
            self._requests.write(json.dumps(request) + "\n")
            self._requests.flush()
            return json.loads(self._answers.readline())

    def launch(self, client) -> "Forked":
        log = client._log()
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings = msgspec.json.encode(client._settings).decode()
        pid = self.ask(
            settings=settings,
            socket=str(client._socket),
            log=str(log),
            environment={**os.environ, **QUIET},
        )
        return Forked(self, pid)


class Warm(Starter):
    """Starts commands as well. ``run`` stands in for :func:`subprocess.run`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.parts.warm", "-" * ROOM],
            cwd=Path(__file__).parent.parent.parent,
            env={**os.environ, **QUIET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        super().__init__(self._process.stdin, self._process.stdout)

    def begin(self, arguments, environment, folder, output: Path, errors: Path) -> "Forked":
        """Start ``kb`` with these arguments; what it says is added to these files."""
        pid = self.ask(
            command=list(arguments), environment=environment, folder=str(folder),
            output=str(output), errors=str(errors),
        )  # fmt: skip
        return Forked(self, pid)

    def run(self, arguments, environment, folder, seconds: float):
        """``kb`` with its arguments: how it ended, what it said on stdout and on stderr."""
        with tempfile.TemporaryDirectory() as said:
            output, errors = Path(said) / "output", Path(said) / "errors"
            begun = self.begin(arguments, environment, folder, output, errors)
            try:
                code = begun.wait(seconds)
            except subprocess.TimeoutExpired:
                begun.send_signal(signal.SIGKILL)
                raise
            return subprocess.CompletedProcess(
                arguments, code, output.read_text(), errors.read_text()
            )

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(300)


@functools.cache
def warm() -> Warm:
    """This process's, begun with the first that is asked of it."""
    return Warm()


def can_be_warm(environment: dict[str, str]) -> bool:
    """Whether a command in this environment does what one does that loads its modules there."""
    differing = {name for name, _ in set(environment.items()) ^ set(os.environ.items())}
    return not differing & AT_LOADING and all(name.startswith(OTHERWISE) for name in differing)


class Forked:
    """A process that a starter has forked, asked as one of :class:`subprocess.Popen` is."""

    def __init__(self, starter: Starter, pid: int) -> None:
        self._starter, self.pid = starter, pid

    def poll(self) -> int | None:
        return self._starter.ask(ended=self.pid)

    def wait(self, timeout: float) -> int:
        limit = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > limit:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


def _serve_requests() -> None:
    from kb.cli import COMMANDS
    from kb.index import lexical

    importlib.import_module("kb.index.process")
    for name in {place.partition(":")[0] for place in COMMANDS.values()}:
        importlib.import_module(f"kb.cli.{name}")

    importlib.import_module("kb.cli.working")  # what kb serve loads a moment later
    lexical.language_of("The pump is in hall four.")
    _answer_requests(sys.stdin, sys.stdout)


def _answer_requests(requests: TextIO, answers: TextIO) -> None:
    """Fork what is asked for, and say how it has ended, until nobody can ask any more."""
    ended: dict[int, int] = {}
    signal.signal(signal.SIGCHLD, lambda *_: _collect(ended))
    for line in requests:
        request = json.loads(line)
        if request.get("command", [""])[0] in READING:
            _start_parsers()
        if pid := request.get("ended"):
            answer = ended.get(pid)
        elif not (answer := _forked(ended)):
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
    forkserver.ensure_running()


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


def _forked(ended: dict[int, int]) -> int:
    """As ``os.fork``; numbers of processes come back, and how an earlier one ended is forgotten."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    try:
        pid = os.fork()
        ended.pop(pid, None)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    return pid


def _collect(ended: dict[int, int]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        ended[pid] = os.waitstatus_to_exitcode(status)


def _become_engine(settings: str, socket: str, log: str, environment: dict) -> None:
    from kb.index import process as indexer

    status = 1
    try:
        os.setsid()
        _say_into(log, log)
        _live_in(environment)
        _show_as(sys.executable, "-m", "kb.index.process", socket)
        configured = msgspec.json.decode(settings, type=indexer.Settings)
        indexer.serve(
            lambda: indexer.Indexer(configured), Path(socket), configured.engines.idle_seconds
        )
        status = 0
    except SystemExit as leaving:
        status = leaving.code or 0
    finally:
        os._exit(status)


def _become_command(command, environment, folder: str, output: str, errors: str) -> None:
    status = 1
    try:
        _say_into(output, errors)
        main = importlib.import_module("kb.__main__")
        sys.modules["__main__"] = main  # as its own children are told
        _use_those_parsers(environment)
        _live_in(environment)
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
    """Fork a process, which has no thread yet, that forks this one's index engine when it is asked to."""
    hearing, asking = os.pipe()
    answered, answering = os.pipe()
    if os.fork():
        os.close(hearing)
        os.close(answering)
        starter = Starter(os.fdopen(asking, "w"), os.fdopen(answered))
        fork_engines(lambda: starter)
        return
    os.close(asking)
    os.close(answered)
    try:
        _answer_requests(os.fdopen(hearing), os.fdopen(answering, "w"))
    finally:
        os._exit(0)


def fork_engines(starter: Callable[[], Starter]) -> Callable[..., object]:
    """Have this process's index engines forked by a starter from now on; returns what started them."""
    cold = EngineClient._launch

    def launch(client):
        return cold(client) if client._module != "kb.index.process" else starter().launch(client)

    EngineClient._launch = launch
    return cold


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
