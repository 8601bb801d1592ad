"""What each test takes of a processor, with all that it starts: `pytest -p tests.parts.costs`.

Every process of pytest gets an account of its own (cgroup v1, ``cpuacct``), which its children share;
that needs root. A line for each test: its name, seconds of processor, seconds on the clock, ``slow``.
"""

import os
import time
from pathlib import Path

import pytest

ACCOUNTS = Path("/sys/fs/cgroup/cpuacct")
FOLDER = "KB_TEST_COSTS"
"""Names the folder into which each process of pytest writes a file of its own."""


class Accountant:
    """Writes down what has been added to this process's account when a test has ended."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._account = ACCOUNTS / f"kb-tests-{os.getpid()}"
        self._account.mkdir(exist_ok=True)  # an earlier process had the number
        (self._account / "cgroup.procs").write_text(str(os.getpid()))
        self._lines = (folder / f"{os.getpid()}.tsv").open("w", buffering=1)

    def _used(self) -> float:
        return int((self._account / "cpuacct.usage").read_text()) / 1e9

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item, nextitem):
        used, begun = self._used(), time.monotonic()
        result = yield
        took = f"{self._used() - used:.2f}\t{time.monotonic() - begun:.2f}"
        slow = "slow" if item.get_closest_marker("slow") else ""
        self._lines.write(f"{item.nodeid}\t{took}\t{slow}\n")
        return result


def pytest_configure(config):
    if hasattr(config, "workerinput") or not config.option.numprocesses:
        config.pluginmanager.register(Accountant(Path(os.environ[FOLDER])))
