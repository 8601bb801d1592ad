"""A command that is asked to stop."""

import os
import signal
import time

from kb.cli.common import with_knowledge_base


def test_asked_to_stop_while_it_closes_it_leaves_nothing_behind(settings, environment, monkeypatch):
    """As a worker asks a run that has just read its last file."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    bases = []

    def work(base):
        bases.append(base)
        with base.scratch.folder("file-"):
            close = base.audit.close
        base.audit.close = lambda: (os.kill(os.getpid(), signal.SIGTERM), time.sleep(0.2), close())
        return "done"

    assert with_knowledge_base(work) == "done"
    assert not list((settings.data / "scratch").iterdir())
