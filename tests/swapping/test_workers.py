"""A swap that somebody asked for in the page is a worker's: it outlives its processes."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from kb.catalog import leases
from kb.cli.working import Working
from kb.upkeep.swaps import LEASE
from tests.parts.processes import HANGING, stop_engines, wait_for
from tests.parts.swaps import built_with, generations_of, models_in

pytestmark = pytest.mark.slow


@pytest.mark.case("N02")
async def test_a_worker_does_it_and_the_next_goes_on(environment, settings, tmp_path):
    """Its process is killed once the index is built; the worker is stopped, and another begins."""
    names = models_in(tmp_path)
    house = await built_with(settings, tmp_path, names[0])
    kb = house.kb
    environment.pop("KB_EMBEDDING__MODEL")
    failpoint = tmp_path / "failpoint"
    failpoint.write_text("handed_over:1")
    environment |= {
        "KB_ENGINES__EMBEDDER_DIR": str(tmp_path / "e"),
        "KB_EMBEDDING__DERIVED_DIR": kb.settings.embedding.derived_dir,
        "KB_FAILPOINT": f"@{failpoint}",
    }
    asked = await kb.write(kb.swaps.ask, house.owner, (names[1],), force=True, by_worker=True)
    worker = start(environment, tmp_path)
    try:
        wait_for(lambda: generations_of(kb).get(2) == "ready")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(HANGING) == 0
        failpoint.write_text("")
        assert (await kb.read(kb.swaps.one, house.owner, asked.id)).is_open
        worker = start(environment, tmp_path)
        wait_for(lambda: generations_of(kb) == {1: "kept", 2: "live"})
        assert (await kb.read(kb.swaps.one, house.owner, asked.id)).state == "switched"
    finally:
        worker.terminate()
        worker.wait(HANGING)
        await kb.close()
        stop_engines(tmp_path)


async def test_of_two_workers_one_does_it_and_the_other_notes_no_failure(
    environment, settings, tmp_path, monkeypatch
):
    """Both have seen it, and the other one's process has begun it before this one's."""
    names = models_in(tmp_path)
    environment.pop("KB_EMBEDDING__MODEL")
    for name, value in environment.items():
        if name.startswith("KB_"):
            monkeypatch.setenv(name, value)
    house = await built_with(settings, tmp_path, names[0])
    kb = house.kb
    asked = await kb.write(kb.swaps.ask, house.owner, (names[1],), force=True, by_worker=True)
    try:
        with kb.catalog.writing() as connection:
            assert leases.take(connection, LEASE, leases.new_owner())
        assert await Working(kb, asyncio.Event())._swapped(asked) is None
        now = await kb.read(kb.swaps.one, house.owner, asked.id)
        assert (now.state, now.error) == ("asked", None)
    finally:
        await kb.close()
        stop_engines(tmp_path)


def start(environment, tmp_path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "kb", "worker"], env=environment | {"HOME": os.environ["HOME"]},
        cwd=tmp_path, stderr=subprocess.DEVNULL,
    )  # fmt: skip
