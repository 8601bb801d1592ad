"""kill -9 at seeded moments of an ingestion; then ``kb ingest`` and ``kb check`` show zeros.

R01, R05: the short run of CI. ``KB_TEST_KILLS`` asks for more."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from kb import samples
from tests.conftest import kb

KILLS = int(os.environ.get("KB_TEST_KILLS", "8"))


def engines(name: str, folder: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        if f"kb.engines.{name}" in command and folder in command:
            found.append(process)
    return found


def victims(run: subprocess.Popen, environment, chance: random.Random) -> list[psutil.Process]:
    """What is killed: the run itself, an engine, a parser, or several of them at once."""
    kinds = {
        "run": [psutil.Process(run.pid)] if run.poll() is None else [],
        "index": engines("indexer", environment["KB_DATA_DIR"]),
        "embedder": engines("embedder", environment["KB_ENGINES__EMBEDDER_DIR"]),
        "parsers": psutil.Process(run.pid).children(recursive=True) if run.poll() is None else [],
    }
    chosen = chance.sample(sorted(kinds), chance.choice((1, 1, 2, 4)))
    return [process for kind in chosen for process in kinds[kind]]


@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_at_any_moment_nothing_is_lost(environment, tmp_path, seed):
    chance = random.Random(seed)
    files = tmp_path / "files"
    shutil.copytree(samples.documents(), files)
    kb(environment, tmp_path, "source", "add", "files", str(files))
    if seed % 2:
        kb(environment, tmp_path, "ingest")
        for path in files.glob("*.md"):
            path.write_text(path.read_text() + "\nOne more line.\n")
        (files / "contacts.csv").unlink()
        (files / "staff-handbook.docx").rename(files / "handbook.docx")
    run = subprocess.Popen(
        [sys.executable, "-m", "kb", "ingest", "--json"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(chance.uniform(0.5, 7.0))
    for process in victims(run, environment, chance):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    run.wait(120)
    kb(environment, tmp_path, "ingest")
    kb(environment, tmp_path, "ingest")  # what a killed parser took with it is tried again
    zeros = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
    assert kb(environment, tmp_path, "check") == zeros
    ledger = kb(environment, tmp_path, "files")["files"]
    assert {p.name for p in files.iterdir()} <= {f["path"] for f in ledger}
    assert {f["state"] for f in ledger} <= {"indexed", "partial"}, ledger
    assert kb(environment, tmp_path, "ingest")["indexed"] == 0
