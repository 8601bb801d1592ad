"""A worker says that it is alive, as long as it can work."""

import asyncio
import signal
import subprocess
import sys

from kb.cli.serving import _tell_alive
from kb.duties import WORKER, Duties
from tests.parts.processes import wait_for


def test_a_worker_touches_the_file_again_and_again_until_it_ends(environment, tmp_path):
    file = tmp_path / "alive"
    command = [sys.executable, "-m", "kb", "worker", "--alive", str(file)]
    worker = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE)
    try:
        wait_for(file.exists)
        first = file.stat().st_mtime_ns
        wait_for(lambda: file.stat().st_mtime_ns > first)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=100)
    assert worker.returncode == 0


async def test_a_worker_that_fails_does_not(tmp_path):

    duties, stop, file = Duties(), asyncio.Event(), tmp_path / "alive"

    async def fails() -> None:
        raise OSError("the catalog is gone")

    working = asyncio.create_task(duties.keep(WORKER, fails, stop))
    while duties.health(WORKER).is_up:
        await asyncio.sleep(0)
    telling = asyncio.create_task(_tell_alive(duties, file, stop))
    await asyncio.sleep(0.1)
    stop.set()
    await asyncio.gather(working, telling)
    assert not file.exists()
