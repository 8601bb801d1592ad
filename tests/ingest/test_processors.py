"""A run keeps to the processors of the hour, and what it starts for people has its full priority."""

import os
import subprocess
import sys
import threading
from datetime import datetime

import msgspec
import psutil
import pytest

from kb.cli.ingesting import run_of
from tests.parts.house import House
from tests.parts.processes import HANGING, stop_engines

NOON, NIGHT = datetime(2026, 11, 27, 12), datetime(2026, 11, 27, 23)  # a Friday


@pytest.fixture(scope="module")
def embedder_dir(tmp_path_factory):
    """An embedder that other tests' runs do not tell how many processors to use."""
    folder = tmp_path_factory.mktemp("e")
    folder.chmod(0o700)
    yield folder
    stop_engines(folder)


@pytest.fixture
async def office(settings, tmp_path):
    """A house where ingestion has one processor in office hours."""
    ingest = msgspec.structs.replace(settings.ingest, office_hours=("mon-fri 08:00-18:00",))
    made = House(msgspec.structs.replace(settings, ingest=ingest), tmp_path / "files")
    made.follow()
    yield made
    await made.kb.close()


class Parsers:
    """While it is entered: on which processors, and how far back, this process's parsers work."""

    def __init__(self):
        self.seen: dict[int, tuple[tuple[int, ...], int]] = {}
        self._over = threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _look(self):
        while not self._over.wait(0.01):
            for child in psutil.Process().children():
                if "multiprocessing.forkserver" in " ".join(child.cmdline()):
                    self._look_at(child.children(recursive=True))

    def _look_at(self, parsers):
        for parser in parsers:
            try:
                self.seen[parser.pid] = (tuple(parser.cpu_affinity()), parser.nice())
            except psutil.NoSuchProcess:
                continue


def of_the_embedder(folder) -> dict[bool, set[tuple[int, ...]]]:
    """The processors of its threads: of those of bulk work (True), and of its others."""
    [embedder] = [
        process
        for process in psutil.process_iter(["cmdline"])
        if "kb.embedding.process" in (command := " ".join(process.info["cmdline"] or []))
        and str(folder) in command
    ]
    found = {True: set(), False: set()}
    for thread in embedder.threads():
        steps_back = os.getpriority(os.PRIO_PROCESS, thread.id) > embedder.nice()
        found[steps_back].add(tuple(sorted(os.sched_getaffinity(thread.id))))
    return found


@pytest.mark.slow
async def test_in_office_hours_it_has_its_share_and_the_questions_have_all(office, embedder_dir):
    everywhere = tuple(sorted(os.sched_getaffinity(os.getpid())))
    if len(everywhere) < 2:
        pytest.skip("this machine has one processor")
    source = office.kb.sources.named("files")
    for moment, processors in ((NOON, everywhere[-1:]), (NIGHT, everywhere)):
        office.write(f"{moment.hour}.md", f"The {moment} ferry leaves the quay.\n\n" * 3_000)
        with Parsers() as parsers:
            await run_of(office.kb, source, clock=lambda at=moment: at).run()
        working = set(parsers.seen.values())
        assert (processors, 10) in working
        assert {back for _, back in working} <= {10, max(0, os.getpriority(os.PRIO_PROCESS, 0))}
        threads = of_the_embedder(embedder_dir)
        assert threads == {True: {processors}, False: {everywhere}}


@pytest.mark.slow
def test_an_engine_that_a_run_starts_answers_people_with_full_priority(
    command, tmp_path, environment
):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.md").write_text("The harbour office opens at eight.\n")
    command("source", "add", "files", str(tmp_path / "files"))
    program = [sys.executable, "-m", "kb", "ingest"]  # cold: it starts engines as the product does
    subprocess.run(program, env=environment, cwd=tmp_path, check=True, timeout=HANGING)
    [index] = [
        process
        for process in psutil.process_iter(["cmdline"])
        if "kb.index.process" in (line := " ".join(process.info["cmdline"] or []))
        and environment["KB_DATA_DIR"] in line
    ]
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    assert {os.getpriority(os.PRIO_PROCESS, t.id) for t in index.threads()} == {mine}
