"""Somebody who asks ``kb serve``, at hardly any cost of their own: the standard library's client.

``processor_seconds`` is what the service and its engines have used: other work on the machine
changes it less than the time on the clock.
"""

import http.client
import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlencode

import psutil

from bench.measuring import ENGINES
from bench.serve import environment_of

TRIES, TRY_SECONDS = 1200, 0.1


class Asker:
    """A connection to a service that stays open."""

    def __init__(self, port: int, token: str = "") -> None:
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ready(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            self._http.request("GET", "/ready")
            answer = self._http.getresponse()
            answer.read()
            return answer.status == 200
        self._http.close()
        return False

    def search(self, question: str) -> float:
        """Seconds that a search takes."""
        begun = time.monotonic()
        address = "/api/v1/search?" + urlencode({"q": question, "limit": 10})
        self._http.request("GET", address, headers=self._headers)
        assert json.loads(self._http.getresponse().read())["hits"], question
        return time.monotonic() - begun

    def ask(self, question: str) -> tuple[float, float]:
        """Seconds until an answer's passages are there, and until all of it is."""
        begun, shown = time.monotonic(), 0.0
        headers = self._headers | {"Content-Type": "application/json"}
        body = json.dumps({"question": question})
        self._http.request("POST", "/api/v1/ask", body, headers)
        for line in self._http.getresponse():
            if line == b"event: passages\n":
                shown = time.monotonic() - begun
            assert line != b"event: error\n", question
        return shown, time.monotonic() - begun


def in_other_words(question: str, times: int) -> str:
    """The same words in another order: what was kept of an earlier question is of no use."""
    words = question.split()
    random.Random(f"{question} {times}").shuffle(words)
    return " ".join(words)


@contextmanager
def served(folder: str, settings: dict[str, str]) -> Iterator[tuple[psutil.Process, int]]:
    """``kb serve`` on a data directory, as soon as it is ready: its process and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "kb", "serve", "--port", str(port)],
        env=environment_of(folder, settings),
        stderr=subprocess.DEVNULL,
    )
    try:
        asker = Asker(port)
        for _ in range(TRIES):
            if asker.ready():
                break
            time.sleep(TRY_SECONDS)
        yield psutil.Process(server.pid), port
    finally:
        server.terminate()
        server.wait(30)


def processor_seconds(service: psutil.Process, folder: str) -> dict[str, float]:
    """What the web process and each engine of a data directory have used so far."""
    found = {"web": _used(service)}
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        for name in ENGINES:
            if name in command and folder in command:
                found[name] = _used(process)
    return found


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def at_once(port: int, token: str, questions: list[str], askers: int) -> float:
    """Searches a second, by so many askers who each wait for their own."""
    waiting = iter(questions)
    lock = threading.Lock()

    def work() -> None:
        asker = Asker(port, token)
        while True:
            with lock:
                question = next(waiting, None)
            if question is None:
                return
            asker.search(question)

    threads = [threading.Thread(target=work) for _ in range(askers)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(questions) / (time.monotonic() - begun)
