"""Engines, commands and servers forked from a process that has loaded them already.

Nearly every test starts an index engine in a data directory of its own, many run commands, and most
of what such a start takes is loading modules and the language model: 1.9 s of processor for an index
engine, 1.0 s for an embedder, 1.5 s for a command and 4.8 s for the server that a command forks its
parsers from, here 0.1 s. Engine, command and parsers themselves are the product's. The engines of a
command are forked as well: by a process that the command leaves behind before it begins, since one
with threads may not be forked.
"""

import asyncio
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TextIO

import msgspec

from kb.cli import telling
from kb.cli.working import Working
from kb.engines.calling import QUIET, EngineClient

ROOM = 400  # bytes of the command line, which each engine writes anew with what it serves


OTHERWISE = ("KB_", "XDG_", "OLLAMA", "PYTEST", "PYTHONUNBUFFERED", "PATH", telling.NUMBER)
"""What may differ from the environment in which the modules were loaded: read when it is used."""
ENGINES = ("kb.index.process", "kb.embedding.process")
"""Modules of engines that are forked."""
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
            module=client._module,
            silent=bool(client._alone),
            settings=settings,
            socket=str(client._socket),
            log=str(log),
            environment={**os.environ, **QUIET},
        )
        return Forked(self, pid)

    def begin(self, arguments, environment, folder, output: str, errors: str, **more) -> "Forked":
        """Start ``kb`` with these arguments; what it says is added to these files."""
        pid = self.ask(
            command=list(arguments), environment=environment, folder=str(folder),
            output=str(output), errors=str(errors), **more,
        )  # fmt: skip
        return Forked(self, pid)

    def begin_run(self, arguments, environment) -> "Run":
        """Start a command that a worker, this process, has done by a process of its own."""
        mine = f"/proc/{os.getpid()}/fd"
        begun = self.begin(
            arguments, environment, os.getcwd(), os.devnull, f"{mine}/2",
            tells=f"{mine}/{environment[telling.NUMBER]}",
        )  # fmt: skip
        return Run(begun)


class Warm(Starter):
    """That process of the tests' own. ``run`` stands in for :func:`subprocess.run`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.parts.warmed", "-" * ROOM],
            cwd=Path(__file__).parent.parent.parent,
            env={**os.environ, **QUIET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        super().__init__(self._process.stdin, self._process.stdout)

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
    return all(name.startswith(OTHERWISE) for name in differing)


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


class Run:
    """What a worker has started, asked as one of :class:`asyncio.subprocess.Process` is."""

    def __init__(self, begun: Forked) -> None:
        self._begun, self.pid = begun, begun.pid
        self.returncode: int | None = None

    async def wait(self) -> int:
        while self.returncode is None:
            self.returncode = await asyncio.to_thread(self._begun.poll)
            await asyncio.sleep(0.02)
        return self.returncode

    def send_signal(self, number: int) -> None:
        self._begun.send_signal(number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def fork_engines(starter: Callable[[], Starter]) -> Callable[..., object]:
    """Have this process's engines forked by a starter from now on; returns what started them."""
    cold = EngineClient._launch

    def launch(client):
        return starter().launch(client) if client._module in ENGINES else cold(client)

    EngineClient._launch = launch
    return cold


def fork_runs(starter: Callable[[], Starter]) -> Callable[..., object]:
    """Have the runs of this process's worker forked by a starter from now on, as engines are."""
    cold = Working._started

    async def started(self, told, arguments):
        environment = {
            **os.environ,
            "KB_DATA_DIR": self._base.settings.data_dir,
            **told.environment,
        }
        if not can_be_warm(environment):
            return await cold(self, told, arguments)
        return await asyncio.to_thread(starter().begin_run, arguments, environment)

    Working._started = started
    return cold
