"""An engine that hangs is replaced; whoever called it is answered."""

import asyncio
import os
import signal
import subprocess
import sys

import msgspec
import psutil
import pytest

from kb.engines.calling import EngineClient
from kb.engines.serving import Service
from kb.engines.sockets import listener_of
from kb.errors import EngineError
from tests.parts.house import House
from tests.parts.processes import wait_for

SECONDS = 20.0


@pytest.fixture
async def impatient(settings, tmp_path, cold_engines):
    """A knowledge base whose index has little time to say that it lives."""
    engines = msgspec.structs.replace(settings.engines, hung_seconds=SECONDS)
    made = House(msgspec.structs.replace(settings, engines=engines), tmp_path / "files")
    made.write("ferry.txt", "The ferry to the island leaves at seven.")
    made.follow()
    await made.ingest()
    yield made
    await made.kb.close()


@pytest.mark.slow
@pytest.mark.case("N22")
async def test_a_hung_engine_is_replaced_and_its_callers_are_answered(impatient):
    """With the index stopped (SIGSTOP) a search is answered by a new one, reading goes on."""
    kb = impatient.kb
    hung = listener_of(kb.settings.data / "run" / "index.sock")
    assert hung, "nobody listens: signal 0 would be for this process's whole group"
    os.kill(hung, signal.SIGSTOP)
    wait_for(lambda: psutil.Process(hung).status() == psutil.STATUS_STOPPED)
    searching = [asyncio.create_task(impatient.paths("ferry")) for _ in range(3)]
    await asyncio.sleep(0.2)
    assert await kb.catalog.read(kb.sources.all)
    assert not any(task.done() for task in searching)
    assert await asyncio.gather(*searching) == [["ferry.txt"]] * 3
    assert listener_of(kb.settings.data / "run" / "index.sock") not in {0, hung}
    running = {p.pid for p in psutil.process_iter() if p.status() != psutil.STATUS_ZOMBIE}
    assert hung not in running


@pytest.mark.slow
@pytest.mark.case("N22")
async def test_one_that_hangs_before_the_first_call_is_replaced_too(impatient):
    """A new caller finds the socket, gets no answer, and starts another."""
    kb = impatient.kb
    socket = kb.settings.data / "run" / "index.sock"
    hung = listener_of(socket)
    assert hung
    os.kill(hung, signal.SIGSTOP)
    fingerprint = kb.index.engine._fingerprint
    fresh = EngineClient("index", "kb.index.process", kb.settings, fingerprint)
    assert await fresh.call("languages", texts=["The ferry leaves at seven."]) == ["en"]
    assert listener_of(socket) not in {0, hung}
    await fresh.close()


@pytest.mark.parametrize(
    ("program", "seconds", "words"),
    [
        ("import time; time.sleep(600)", 0.5, "is still starting"),
        ("raise SystemExit(1)", 90.0, "did not start; the reason is at the end of"),
    ],
)
async def test_one_that_starts_slowly_is_told_from_one_that_fails(
    settings, monkeypatch, program, seconds, words
):
    """What starts slowly has written no reason to its log, and may be there at the next try."""
    started = []

    def launch(_):
        argv = [sys.executable, "-c", program]
        started.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL))
        return started[-1]

    monkeypatch.setattr(EngineClient, "_launch", launch)
    engines = msgspec.structs.replace(settings.engines, start_seconds=seconds)
    client = EngineClient("slow", "none", msgspec.structs.replace(settings, engines=engines), "f")
    try:
        with pytest.raises(EngineError, match=words):
            await client.call("describe")
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_an_engine_at_work_of_its_own_does_not_leave():
    """The embedder measures what is fastest here for minutes, when nobody calls."""

    class Measuring:
        fingerprint = "f"
        working = True

        def is_working(self):
            return self.working

        def close(self):
            pass

    engine = Measuring()
    service = Service(engine, idle_seconds=-1.0)
    assert not service.is_idle()
    engine.working = False
    assert service.is_idle()
