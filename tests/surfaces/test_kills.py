"""kill -9 at seeded moments of an ingestion; then ``kb ingest`` and ``kb check`` show zeros.

R01, R05: the short run of CI. ``KB_TEST_KILLS`` asks for more."""

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


def processes_of(data: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        if "kb.engines.indexer" in command and data in command:
            found.append(process)
    return found


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
    if chance.random() < 0.5:
        for engine in processes_of(environment["KB_DATA_DIR"]):
            engine.send_signal(signal.SIGKILL)
    run.kill()
    run.wait()
    again = kb(environment, tmp_path, "ingest")
    assert again["failed"] == 0
    zeros = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
    assert kb(environment, tmp_path, "check") == zeros
    indexed = {f["path"] for f in kb(environment, tmp_path, "files")["files"]}
    assert {p.name for p in files.iterdir()} <= indexed
    assert kb(environment, tmp_path, "ingest")["indexed"] == 0
