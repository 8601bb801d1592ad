"""The process that tests fork commands from goes on, whatever happens to what it has forked."""

import os
import signal

import psutil
import pytest

from tests.parts import warmed
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


def test_two_that_end_at_nearly_one_moment_are_noted_once_each(monkeypatch):
    """Python calls a signal's handler between two steps of that handler, too."""
    running, ended = {os.fork() or os._exit(3), os.fork() or os._exit(4)}, {}
    wait, calls = os.waitpid, []

    def wait_while_another_signal_comes(pid, options):
        calls.append(pid)
        if len(calls) == 1:
            for one in running:
                os.waitid(os.P_PID, one, os.WEXITED | os.WNOWAIT)
            warmed._collect(running, ended)
        return wait(pid, options)

    monkeypatch.setattr(os, "waitpid", wait_while_another_signal_comes)
    warmed._collect(running, ended)
    assert sorted(ended.values()) == [3, 4]
    assert not running


def has_ended(process: psutil.Process) -> bool:
    """Its parent is told when its last thread has ended; it is called a zombie before."""
    if not process.is_running():
        return True
    return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() == 1
