"""Tests that share something dear are one worker's, whatever pytest and pytest-xdist are made of."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SHARED = """
import os, pytest

@pytest.fixture(scope="session")
def ollama():
    return os.getpid()

@pytest.mark.parametrize("number", range(8))
def test_with_the_server(ollama, number):
    open("{said}", "a").write(f"shared {{os.getpid()}}\\n")

@pytest.mark.parametrize("number", range(8))
def test_alone(number):
    open("{said}", "a").write(f"alone {{os.getpid()}}\\n")
"""


@pytest.mark.slow
def test_tests_with_one_server_go_to_one_worker(tmp_path):
    said = tmp_path / "said"
    for name in ("one", "two", "three"):
        (tmp_path / f"test_{name}.py").write_text(SHARED.format(said=said))
    outer = ("PYTEST_XDIST", "KB_TEST_SHARED", "COV_CORE")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(outer)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "3", "-p", "tests.conftest",
         "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in said.read_text().splitlines()]
    assert len(lines) == 48
    assert len({worker for kind, worker in lines if kind == "shared"}) == 1
    assert len({worker for kind, worker in lines if kind == "alone"}) > 1
