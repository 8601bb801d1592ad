"""With the network taken away, everything works, and nobody tries to reach out."""

import json
import subprocess
import sys

import pytest

from kb import samples
from tests.parts.processes import stop_engines

WATCH = """
import os, sys, runpy, socket
real = socket.socket.connect
def connect(self, address):
    if self.family != socket.AF_UNIX:
        with open(os.environ["ATTEMPTS"], "a") as log:
            log.write(f"{sys.argv} {address}\\n")
    return real(self, address)
socket.socket.connect = connect
resolve = socket.getaddrinfo
def getaddrinfo(host, *rest, **named):
    with open(os.environ["ATTEMPTS"], "a") as log:
        log.write(f"{sys.argv} {host}\\n")
    return resolve(host, *rest, **named)
socket.getaddrinfo = getaddrinfo
"""


def can_unshare() -> bool:
    return subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0


@pytest.mark.slow
@pytest.mark.case("S15")
@pytest.mark.real
def test_everything_works_without_a_network(environment, tmp_path):
    if not can_unshare():
        pytest.skip("unshare -n is not allowed here")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WATCH)
    attempts = tmp_path / "attempts"
    attempts.touch()
    environment = environment | {
        "PYTHONPATH": str(tmp_path / "site"),
        "ATTEMPTS": str(attempts),
        "KB_ENGINES__EMBEDDER_DIR": str(tmp_path / "e"),
    }

    def alone(*arguments):
        done = subprocess.run(
            ["unshare", "-n", sys.executable, "-m", "kb", *arguments, "--json"],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    alone("source", "add", "samples", str(samples.documents()))
    counts = alone("ingest")
    assert (counts["failed"], counts["skipped"]) == (0, 0)
    assert alone("ask", "How many buses are electric?")["citations"]
    stop_engines(tmp_path)
    assert attempts.read_text() == ""
