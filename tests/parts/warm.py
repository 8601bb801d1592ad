"""Index engines and commands forked from a process that has loaded them already.

Nearly every test starts an index engine in a data directory of its own, many run commands, and most
of what such a start takes is loading modules and the language model: 1.9 s of processor for an engine,
1.5 s for a command and 4.8 s for the server that a command forks its parsers from, here 0.1 s. Engine,
command and parsers themselves are the product's. A command that tests run starts its engine as
anybody's does.
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
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from threading import Lock

import msgspec

from kb.engines.calling import QUIET
from kb.files import sandbox

ROOM = 400  # bytes of the command line, which each engine writes anew with what it serves


OTHERWISE = ("KB_", "XDG_", "OLLAMA", "PYTEST", "PYTHONUNBUFFERED", "PATH")
"""What may differ from the environment in which the modules were loaded: read when it is used."""
AT_LOADING = {"KB_FAILPOINT"}
"""And what is read when a module is loaded, all the same."""
READING = ("ingest", "eval")
"""Commands that read files."""
COUNTED = ("tests.parts.counted",) if "COVERAGE_PROCESS_CONFIG" in os.environ else ()
"""Loaded by the server that forks parsers, where coverage is counted."""


class Warm:
    """Starts engines and commands.

    ``launch`` stands in for that of ``kb.engines.calling.EngineClient``, ``run`` for
    :func:`subprocess.run`.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.parts.warm", "-" * ROOM],
            cwd=Path(__file__).parent.parent.parent,
            env={**os.environ, **QUIET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: object) -> int | None:
        with self._lock:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def launch(self, client) -> "WarmEngine":
        log = client._log()
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings = msgspec.json.encode(client._settings).decode()
        return WarmEngine(
            self,
            self.ask(
                settings=settings,
                socket=str(client._socket),
                log=str(log),
                environment={**os.environ, **QUIET},
            ),
        )

    def run(self, arguments, environment, folder, seconds: float):
        """``kb`` with its arguments: how it ended, what it said on stdout and on stderr."""
        with tempfile.TemporaryDirectory() as said:
            output, errors = Path(said) / "output", Path(said) / "errors"
            pid = self.ask(
                command=list(arguments), environment=environment, folder=str(folder),
                output=str(output), errors=str(errors),
            )  # fmt: skip
            limit = time.monotonic() + seconds
            while (code := self.ask(ended=pid)) is None:
                if time.monotonic() > limit:
                    os.kill(pid, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(arguments, seconds)
                time.sleep(0.01)
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


class WarmEngine:
    """What a starter asks of an engine: whether and how it has ended."""

    def __init__(self, starter: Warm, pid: int) -> None:
        self._starter, self.pid = starter, pid

    def poll(self) -> int | None:
        return self._starter.ask(ended=self.pid)


def _serve_requests() -> None:
    from kb.cli import COMMANDS
    from kb.index import lexical
    from kb.index import process as indexer

    for name in {place.partition(":")[0] for place in COMMANDS.values()}:
        importlib.import_module(f"kb.cli.{name}")

    lexical.language_of("The pump is in hall four.")
    ended: dict[int, int] = {}
    signal.signal(signal.SIGCHLD, lambda *_: _collect(ended))
    for line in sys.stdin:
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
                _become_engine(indexer, **request)
        print(json.dumps(answer), flush=True)


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


def _become_engine(indexer, settings: str, socket: str, log: str, environment: dict) -> None:
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
