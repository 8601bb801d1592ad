"""kill -9 at named steps and at any moment: nothing is lost, double, orphaned or open to others.

One data directory lives through all kills, as a real one would; a reader
asks all the time for two texts that every version contains, one of them in an archive.
``KB_TEST_KILLS`` asks for another number of kills than CI's, ``KB_TEST_SEED`` for another order;
what counts as a kill is said in ``killing``.
"""

import os
import random
import signal
import subprocess
import time

import pytest
from sqlalchemy import select

from kb import failpoints
from kb.catalog.tables import generations
from tests.ingest.killing import AFTER_A_KILL, MOST, Reader, World, kill_some
from tests.parts.processes import kb, stop_engines

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KB_TEST_KILLS", "20"))
SEED = int(os.environ.get("KB_TEST_SEED", "20"))
FOLDERS = 6
"""Beside two workers: a killed run is tried again after 15 s, meanwhile the next folder has its turn."""


@pytest.fixture(scope="module")
def embedder_dir(tmp_path_factory):
    """An embedder that may be killed: nobody else's."""
    folder = tmp_path_factory.mktemp("e")
    yield folder
    stop_engines(folder)


@pytest.mark.case("N02")
def test_every_step_has_a_round():
    """A step that is added to the code gets its kills."""
    assert set(MOST) == set(failpoints.STEPS)


@pytest.mark.case("N02")
def test_a_named_step_kills(environment, tmp_path):
    """The variable is known, an unknown step is refused, and each kill is told on stderr."""
    world = World(environment, tmp_path, random.Random(1))
    world.follow()
    world.killed_at("run_begun", "ingest")
    assert world.kills == 1
    refused = world.start("ingest", failpoint="no_such_step:1")
    assert refused.wait(300) not in {0, -signal.SIGKILL}
    assert "no_such_step" in refused.log.read_text()
    with pytest.raises(AssertionError, match="removed"):
        world.killed_at("removed", "ingest", times=2)  # there is no second time in a run
    world.close()


def _named_round(world: World, step: str) -> None:
    """Killed at a step in the first run, or in the one after a killed one."""
    if step == "rights_written":
        readers = world.chance.choice(("everyone", "crew"))
        world.killed_at(step, "source", "readers", "files0", readers)
        return
    if step in AFTER_A_KILL:
        world.killed_at("upserted", "ingest")
    world.killed_at(step, "ingest", times=world.times(step))


def _random_round(world: World) -> None:
    """Killed at any moment between the run's beginning and its usual end."""
    run = world.start("ingest")
    begun = time.monotonic()
    while run.poll() is None and not world.is_running("files0"):
        time.sleep(0.02)
        assert time.monotonic() - begun < 300
    time.sleep(world.chance.uniform(0.0, 2.0))
    world.kills += kill_some(run, world.environment, world.chance)
    assert run.wait(300) in {0, 1, -signal.SIGKILL}, run.log.read_text()[-2000:]


@pytest.mark.case("R01", "R02", "R04", "R05", "R06", "N01", "N02")
def test_killed_at_every_step_and_at_any_moment(environment, tmp_path):
    """True kills of every kind, archives and mails among the files."""
    chance = random.Random(SEED)
    world = World(environment, tmp_path, chance)
    folder = world.folders["files0"]
    kb(environment, tmp_path, "group", "add", "crew")
    world.follow()
    reader = Reader(environment, folder.beacons)
    reader.start()
    steps = _from_a_seed(chance)
    number = 0
    while world.kills < KILLS:
        folder.change()
        if number % 2:
            _random_round(world)
        else:
            _named_round(world, steps[number // 2 % len(steps)])
        world.settle()
        number += 1
        world.tell(reader)
    reader.stop()
    kb(environment, tmp_path, "ingest")
    assert not any(kb(environment, tmp_path, "check").values())
    world.close()
    assert reader.answers > KILLS
    assert not reader.wrong, (len(reader.wrong), reader.answers, reader.wrong[:5])


def _from_a_seed(chance: random.Random) -> list[str]:
    """Every step, in an order of its own for each seed: a part of the kills meets other steps."""
    return chance.sample(failpoints.STEPS, len(failpoints.STEPS))


@pytest.mark.case("N02")
def test_a_killed_reindex_goes_on(environment, tmp_path):
    """Started again it goes on with the generation that it had begun; nothing is lost."""
    world = World(environment, tmp_path, random.Random(SEED))
    world.follow()
    world.killed_at("versions_loaded", "reindex")
    query = select(generations.c.id).where(generations.c.state == "building")
    with world.kb.catalog.reading() as connection:
        number = connection.scalars(query).one()
    again = kb(environment, tmp_path, "reindex")
    assert again["generation"] == f"g{number}"
    world.settle()
    world.close()


@pytest.mark.case("N02", "N20")
@pytest.mark.real
def test_two_workers_on_postgresql_killed_at_random(postgres, environment, tmp_path):
    """Runs are killed at named steps, workers and engines at any moment."""
    environment = environment | {"KB_CATALOG__URL": postgres}
    chance = random.Random(SEED + 1)
    world = World(environment, tmp_path, chance, folders=FOLDERS)
    world.follow(watch=True)
    reader = Reader(environment, [b for f in world.folders.values() for b in f.beacons])
    reader.start()
    workers = Workers(world)
    steps = [s for s in _from_a_seed(chance) if s not in {"rights_written", *AFTER_A_KILL}]
    number = 0
    try:
        while world.kills < KILLS:
            name = f"files{number % FOLDERS}"
            if number % 2:
                workers.kill_at_any_moment(name)
            else:
                workers.kill_run_at(name, steps[number // 2 % len(steps)])
            world.settle(name)
            number += 1
            world.tell(reader)
        world.settle()
    finally:
        codes = workers.stop()
        reader.stop()
        world.close()
        stop_engines(tmp_path / "data")
    assert set(codes) == {0}
    assert reader.answers > KILLS
    assert not reader.wrong, (len(reader.wrong), reader.answers, reader.wrong[:5])


class Workers:
    """Two ``kb worker`` whose runs look into a file for the step at which they are to be killed."""

    def __init__(self, world: World):
        self.world = world
        self.both = [self._start() for _ in range(2)]

    def _start(self) -> subprocess.Popen:
        return self.world.start("worker", failpoint=f"@{self.world.asked}")

    def kill_run_at(self, name: str, step: str) -> None:
        """The run that a worker begins once the folder has changed is killed at a named step.

        One that begins in the middle of a change comes to fewer files, so to fewer of the steps: after
        a run that was not killed the folder changes again.
        """
        world, logs = self.world, [w.log for w in self.both]
        told = failpoints.TOLD + step
        count = lambda: sum(log.read_text().count(told) for log in logs)
        before, limit, last = count(), time.monotonic() + 300, -1
        world.asked.write_text(f"{step}:{world.times(step)}")
        try:
            while count() == before:
                ended = world.last_ended(name)
                if ended != last:
                    world.folders[name].change()
                    world.ask_for(name)
                    last = ended
                assert time.monotonic() < limit, (name, step, [x.read_text()[-2000:] for x in logs])
                time.sleep(0.2)
        finally:
            world.asked.write_text("")
        world.kills += 1

    def kill_at_any_moment(self, name: str) -> None:
        """A worker with what it started, or an engine, while a changed folder is read."""
        world = self.world
        world.folders[name].change()
        world.ask_for(name)
        limit = time.monotonic() + 60
        while not world.is_running(name) and time.monotonic() < limit:
            time.sleep(0.05)
        time.sleep(world.chance.uniform(0.0, 2.0))
        victim = world.chance.randrange(2)
        world.kills += kill_some(self.both[victim], world.environment, world.chance)
        if self.both[victim].poll() is not None:
            assert self.both[victim].returncode == -signal.SIGKILL
            self.both[victim] = self._start()

    def stop(self) -> list[int]:
        for worker in self.both:
            worker.terminate()
        return [worker.wait(300) for worker in self.both]
