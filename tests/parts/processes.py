"""Commands, servers and engines as processes; programs and data that may be missing."""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from kb import samples
from tests.parts.sharing import made_once
from tests.parts.warm import can_be_warm, warm

SHARED = Path(__file__).parent.parent.parent.parent / "shared" / "data"
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of servers here, which speak HTTP alone (``verify=PLAIN``): each client loads the
authorities that it trusts otherwise, which takes 0.1 s of processor."""
HANGING = 600.0
"""Seconds after which something hangs, on the slowest machine beside other work: no measure."""
EVERY_PART = bool(os.environ.get("KB_TEST_ALL_PARTS"))


def missing(what: str) -> None:
    """Skip with a line that says what to install; in CI nothing may be missing."""
    if EVERY_PART:
        pytest.fail(f"missing in CI: {what}")
    pytest.skip(f"not installed here: {what}")


def shared_data(name: str) -> Path:
    """A folder of development data, which is not part of the project."""
    folder = SHARED / name
    if not folder.exists():
        pytest.skip(f"development data {name} is not beside the project")
    return folder


def environment_in(base: Path, embedder_dir: Path, catalog: str = "") -> dict[str, str]:
    """The environment of a command whose data directory is in ``base``."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("KB_", "OLLAMA"))}
    return kept | {
        "KB_DATA_DIR": str(base / "data"),
        "KB_ENGINES__EMBEDDER_DIR": str(embedder_dir),
        # The light choice, and a runtime that needs no measuring and starts at once.
        "KB_EMBEDDING__MODEL": "english",
        "KB_EMBEDDING__RUNTIME": "openvino",
        "KB_EMBEDDING__DTYPE": "float32",
        "KB_ENGINES__START_SECONDS": "600",
        "KB_LLM__PROVIDER": "none",
        **({"KB_CATALOG__URL": catalog} if catalog else {}),
        "XDG_CONFIG_HOME": str(base / "config"),
        "KB_TEST_GUARDS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def stop_engines(folder: Path) -> None:
    """End the engines whose sockets lie in a folder; an index's files are free after it."""
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if not any(str(folder) in word for word in command):
            continue
        if "kb.embedding.process" in command:
            process.terminate()
        if "kb.index.process" in command:
            process.terminate()
            process.wait(HANGING)


def run_kb(environment, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """A command to its end: forked from a process that has loaded it, where that is the same."""
    if can_be_warm(environment):
        return warm().run(arguments, environment, folder, HANGING)
    return subprocess.run(
        [sys.executable, "-m", "kb", *arguments],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=HANGING,
    )  # fmt: skip


def kb(environment, folder: Path, *arguments: str, code: int = 0):
    """What a command says as JSON, and nothing beside it."""
    done = run_kb(environment, folder, *arguments, "--json")
    assert done.returncode == code, done.stderr + done.stdout
    assert len(done.stdout.strip().splitlines()) == 1, done.stdout
    return json.loads(done.stdout)


class Serving:
    """A running ``kb serve``: forked from a process that has loaded it, where that is the same.

    ``cold``: it starts as anybody's does, and is a child of this process. ``unready``: it is not
    waited for until it can answer.
    """

    def __init__(
        self, environment, folder: Path, port: int = 0, *, cold: bool = False, unready: bool = False
    ):
        self.environment = environment
        self._said = tempfile.NamedTemporaryFile(prefix="kb-serve-", suffix=".txt")
        is_warm = can_be_warm(environment) and not cold
        self.process = (self._forked if is_warm else self._started)(folder, port)
        self.address = self._wait_until_ready()
        if not unready:
            wait_for(lambda: _is_ready(self.address))

    def _arguments(self, port: int) -> tuple[str, ...]:
        """A typed address would take the place of a socket in the settings."""
        address = () if "KB_SERVER__SOCKET" in self.environment else ("--port", str(port))
        return ("serve", *address)

    def _forked(self, folder: Path, port: int):
        said = Path(self._said.name)
        return warm().begin(self._arguments(port), self.environment, folder, Path(os.devnull), said)

    def _started(self, folder: Path, port: int) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "kb", *self._arguments(port)],
            env=self.environment, cwd=folder, stderr=self._said,
        )  # fmt: skip

    def _wait_until_ready(self) -> str:
        told = lambda: re.search(r"ready at (\S+)\s", self.said())
        wait_for(lambda: told() or self.process.poll() is not None)
        found = told()
        assert found, f"kb serve ended before it was ready: {self.said()}"
        return found[1]

    def said(self) -> str:
        """What it has said on stderr."""
        return Path(self._said.name).read_text()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(HANGING)
        self._said.close()
        return code


def _is_ready(address: str) -> bool:
    return httpx.get(f"{address}/ready", timeout=HANGING, verify=PLAIN).status_code == 200


@contextmanager
def serving_samples(base: Path, embedder_dir: Path, **more: str) -> Iterator[Serving]:
    """``kb serve`` over the sample documents, whose data directory is in ``base``.

    ``more``: what the server has in its environment, beside the usual.
    """
    environment = environment_in(base, embedder_dir)
    copy_samples(base, embedder_dir)
    server = Serving(environment | more, base)
    yield server
    server.stop()
    stop_engines(base / "data")


def copy_samples(base: Path, embedder_dir: Path) -> None:
    """Have a data directory in ``base`` in which the samples are a source of this name, and read.

    They are read once, for all workers.
    """

    def make(folder: Path) -> None:
        environment = environment_in(folder, embedder_dir)
        kb(environment, folder, "source", "add", "samples", str(samples.documents()))
        kb(environment, folder, "ingest")
        stop_engines(folder / "data")

    made = made_once("samples", make)
    shutil.copytree(made / "data", base / "data", ignore=shutil.ignore_patterns("run"))


def wait_for(condition):
    """Poll until a condition holds; the only waiting that tests do."""
    deadline = time.monotonic() + HANGING
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name: str, hint: str) -> str:
    found = shutil.which(name)
    if found is None:
        missing(hint)
    return found
