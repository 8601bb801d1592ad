"""Index engines forked from a process that has loaded one already.

Nearly every test starts an index engine in a data directory of its own, and most of what such a
start takes is loading modules and the language model: 1.9 s of processor, here 0.1 s. The engine
itself is the product's. Commands that tests run start theirs as anybody's do.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Lock

import msgspec

from kb.engines.calling import QUIET

ROOM = 400  # bytes of the command line, which each engine writes anew with what it serves


class WarmEngines:
    """Starts engines; ``launch`` stands in for that of ``kb.engines.calling.EngineClient``."""

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

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(300)


class WarmEngine:
    """What a starter asks of an engine: whether and how it has ended."""

    def __init__(self, starter: WarmEngines, pid: int) -> None:
        self._starter, self.pid = starter, pid

    def poll(self) -> int | None:
        return self._starter.ask(ended=self.pid)


def _serve_requests() -> None:
    from kb.index import lexical
    from kb.index import process as indexer

    lexical.language_of("The pump is in hall four.")
    ended: dict[int, int] = {}
    signal.signal(signal.SIGCHLD, lambda *_: _collect(ended))
    for line in sys.stdin:
        request = json.loads(line)
        if pid := request.get("ended"):
            answer = ended.get(pid)
        elif not (answer := os.fork()):
            _become_engine(indexer, **request)
        print(json.dumps(answer), flush=True)


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
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, now in ((0, nothing), (1, output), (2, output)):
        os.dup2(now, descriptor)
    os.environ.clear()
    os.environ.update(environment)
    _show_as(sys.executable, "-m", "kb.index.process", socket)
    configured = msgspec.json.decode(settings, type=indexer.Settings)
    status = 1
    try:
        indexer.serve(
            lambda: indexer.Indexer(configured), Path(socket), configured.engines.idle_seconds
        )
        status = 0
    except SystemExit as leaving:
        status = leaving.code or 0
    finally:
        os._exit(status)


def _show_as(*command: str) -> None:
    """Write another command line, as /proc shows it, over this process's own."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    begin, end = int(fields[45]), int(fields[46])
    words = b"\0".join(os.fsencode(w) for w in command) + b"\0"
    assert len(words) <= end - begin, "longer than the room for it"
    ctypes.memmove(begin, words.ljust(end - begin, b"\0"), end - begin)


if __name__ == "__main__":
    _serve_requests()
