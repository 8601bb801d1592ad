"""The process that tests fork commands from goes on, whatever happens to what it has forked."""

import os
import signal

import psutil
import pytest

from tests.parts.processes import wait_for
from tests.parts.warm import Warm


@pytest.mark.slow
def test_it_outlives_the_server_of_its_parsers(environment, tmp_path):
    """Tests that kill may meet that server; each command after that waited for ever."""
    warm = Warm()
    try:
        for _ in range(2):
            told = warm.run(["ingest"], environment, tmp_path, 300)
            assert "There is no source yet" in told.stderr
            mine = psutil.Process(warm._process.pid).children()
            [server] = [one for one in mine if "forkserver" in " ".join(one.cmdline())]
            os.kill(server.pid, signal.SIGKILL)
            wait_for(lambda server=server: has_ended(server))
    finally:
        warm.close()


def has_ended(process: psutil.Process) -> bool:
    """Its parent is told when its last thread has ended; it is called a zombie before."""
    if not process.is_running():
        return True
    return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() == 1
