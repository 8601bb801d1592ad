"""kill -9 at named steps and at any moment: nothing is lost, double, orphaned or open to others.

R01, R02, R04, R05, R06. One data directory lives through all kills, as a real one would; a reader asks
without pause for a text that every version contains. ``KB_TEST_KILLS`` asks for more than CI does.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from email.message import EmailMessage

import psutil
import pytest

from kb import failpoints
from kb import settings as settings_module
from kb.errors import KbError
from kb.knowledge_base import KnowledgeBase
from tests.conftest import kb, stop_engines

KILLS, KILLS_WITH_WORKERS = (int(os.environ.get("KB_TEST_KILLS", n)) for n in ("14", "8"))
ZEROS = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
BEACON = "The quay beacon is painted green every spring."


class World:
    """A folder that changes, and the commands that follow it."""

    def __init__(self, environment, base, chance: random.Random):
        self.environment, self.base, self.chance = environment, base, chance
        self.files = base / "files"
        self.files.mkdir()
        self.round = 0
        for number in range(8):
            self._write(number)
        self.beacon()
        self.mail()

    def _write(self, number: int) -> None:
        words = self.chance.sample("tram rain gate lamp dock hall road pump sand wire".split(), 4)
        text = f"Note {number}, round {self.round}: {' '.join(words)} {self.chance.random()}."
        (self.files / f"note-{number}.txt").write_text(text)

    def beacon(self) -> None:
        (self.files / "beacon.txt").write_text(f"{BEACON}\n\nRound {self.round} of the survey.\n")

    def mail(self) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "a@b", "b@c", f"Ferries {self.round}"
        message.set_content("See the attachment.")
        for number in range(self.chance.randrange(1, 4)):
            message.add_attachment(
                f"Ferry {number} leaves at {self.round}.", filename=f"{number}.txt"
            )
        (self.files / "ferries.eml").write_bytes(message.as_bytes())

    def change(self) -> None:
        """Some files changed, one renamed, one gone, one new."""
        self.round += 1
        self.beacon()
        self.mail()
        for number in self.chance.sample(range(8), 3):
            self._write(number)
        extra = sorted(self.files.glob("extra-*.txt"))
        for path in extra[:2]:
            path.unlink()
        (self.files / f"extra-{self.round}.txt").write_text(f"Extra words {self.round}.")
        note = self.files / f"note-{self.chance.randrange(8)}.txt"
        note.rename(self.files / f"extra-moved-{self.round}.txt")
        self._write(int(note.stem.split("-")[1]))

    def start(self, *arguments: str, failpoint: str = "") -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "kb", *arguments],
            env=self.environment | ({"KB_FAILPOINT": failpoint} if failpoint else {}),
            cwd=self.base,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def settle(self) -> None:
        """Without any help but the next runs, everything is in its place again."""
        for _ in range(60):
            done = subprocess.run(
                [sys.executable, "-m", "kb", "ingest", "--json"],
                env=self.environment, cwd=self.base, capture_output=True, text=True,
            )  # fmt: skip
            told = json.loads(done.stdout)
            if told.get("error", {}).get("code") == "source_busy":
                time.sleep(0.5)
                continue
            assert "error" not in told, told
            if not told["indexed"] and not told["failed"] and not told["removed"]:
                break
        assert kb(self.environment, self.base, "check") == ZEROS
        ledger = kb(self.environment, self.base, "files")["files"]
        assert {f["path"] for f in ledger if " › " not in f["path"]} == {
            p.name for p in self.files.iterdir()
        }
        assert {f["state"] for f in ledger} == {"indexed"}, ledger


class Reader(threading.Thread):
    """Asks for the beacon without pause; an error is no answer, a missing or double hit is wrong."""

    def __init__(self, environment):
        super().__init__(daemon=True)
        values = {k: v for k, v in environment.items() if k.startswith("KB_")}
        self.settings = settings_module.load({}, values)
        self.ended = threading.Event()
        self.answers, self.wrong = 0, []

    def run(self):
        asyncio.run(self._ask())

    async def _ask(self):
        reader = KnowledgeBase(self.settings)
        while not self.ended.is_set():
            with contextlib.suppress(KbError):
                found = await reader.search(BEACON, reader.principal(None), 10)
                times = sum(BEACON in p.text for p in found.passages)
                self.answers += 1
                if times != 1:
                    self.wrong.append((time.time(), times))
        await reader.close()

    def stop(self):
        self.ended.set()
        self.join(60)


def engines(name: str, folder: str) -> list[psutil.Process]:
    return [
        p
        for p in psutil.process_iter(["cmdline"])
        if f"kb.engines.{name}" in " ".join(p.info["cmdline"] or [])
        and folder in " ".join(p.info["cmdline"] or [])
    ]


def kill_some(run: subprocess.Popen, environment, chance: random.Random) -> int:
    """The run itself, an engine, what it started, or several of them at once; how many."""
    killed = 0
    alive = run.poll() is None
    kinds = {
        "run": [psutil.Process(run.pid)] if alive else [],
        "index": engines("indexer", environment["KB_DATA_DIR"]),
        "embedder": engines("embedder", environment["KB_ENGINES__EMBEDDER_DIR"]),
        "children": psutil.Process(run.pid).children(recursive=True) if alive else [],
    }
    for kind in chance.sample(sorted(kinds), chance.choice((1, 1, 2, 4))):
        for process in kinds[kind]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
                killed += 1
    return killed


def failpoint(chance: random.Random, number: int) -> str:
    """Every named step in turn, the first time or a later one."""
    step = failpoints.STEPS[number % len(failpoints.STEPS)]
    return f"{step}:{chance.choice((1, 1, 2, 4))}"


def test_killed_at_every_step_and_at_any_moment(environment, tmp_path):
    chance = random.Random(20)
    world = World(environment, tmp_path, chance)
    kb(environment, tmp_path, "group", "add", "crew")
    kb(environment, tmp_path, "source", "add", "files", str(world.files))
    world.settle()
    reader = Reader(environment)
    reader.start()
    killed, number = 0, -1
    while killed < KILLS and number < 3 * KILLS:
        number += 1
        world.change()
        if number % 2:
            run = world.start("ingest", failpoint=failpoint(chance, number // 2))
            run.wait(120)
            killed += run.returncode == -signal.SIGKILL
        else:
            run = world.start("ingest")
            time.sleep(chance.uniform(0.4, 3.0))
            killed += kill_some(run, environment, chance)
        if number % 7 == 3:
            readers = chance.choice(("everyone", "crew"))
            world.start("source", "readers", "files", readers, failpoint="rights_written").wait(60)
        run.wait(120)
        world.settle()
        print(f"{killed} killed, {reader.answers} answers, wrong: {reader.wrong}", flush=True)
    reader.stop()
    assert killed >= KILLS
    assert reader.answers > KILLS
    assert not reader.wrong, (len(reader.wrong), reader.answers, reader.wrong[:5])


@pytest.mark.real
def test_two_workers_on_postgresql_killed_at_random(postgres, environment, tmp_path):
    environment = environment | {"KB_CATALOG__URL": postgres}
    chance = random.Random(21)
    world = World(environment, tmp_path, chance)
    kb(environment, tmp_path, "source", "add", "files", str(world.files), "--watch")
    world.settle()
    reader = Reader(environment)
    reader.start()
    workers = [world.start("worker") for _ in range(2)]
    killed, number = 0, -1
    try:
        while killed < KILLS_WITH_WORKERS and number < 3 * KILLS_WITH_WORKERS:
            number += 1
            victim = chance.randrange(2)
            if number % 2:
                workers[victim].kill()
                workers[victim].wait()
                workers[victim] = world.start("worker", failpoint=failpoint(chance, number // 2))
                killed += 1
                time.sleep(2)
            world.change()
            time.sleep(chance.uniform(1.5, 5.0))
            at_its_step = workers[victim].poll() == -signal.SIGKILL
            killed += kill_some(workers[victim], environment, chance) + at_its_step
            if workers[victim].poll() is not None:
                workers[victim] = world.start("worker")
            world.settle()
            print(f"{killed} killed, {reader.answers} answers, wrong: {reader.wrong}", flush=True)
    finally:
        for worker in workers:
            worker.terminate()
        codes = [worker.wait(60) for worker in workers]
        reader.stop()
        stop_engines(tmp_path / "data")
    assert set(codes) <= {0, -signal.SIGKILL}
    assert killed >= KILLS_WITH_WORKERS
    assert reader.answers > KILLS_WITH_WORKERS
    assert not reader.wrong, (len(reader.wrong), reader.answers, reader.wrong[:5])
