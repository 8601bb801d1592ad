"""Workers, jobs and watching: real processes on a real folder."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import httpx
import psutil
import pytest

from ingest.jobs import Jobs
from kb import settings as settings_module
from kb.errors import RetryableError, UsageError
from kb.types.library import ASKED
from tests.parts.processes import Serving, kb, wait_for


def found(address: str, question: str) -> list[str]:
    answer = httpx.get(f"{address}/api/v1/search", params={"q": question}, timeout=60)
    return [hit["text"] for hit in answer.json().get("hits", [])]


@pytest.fixture
def served(environment, tmp_path):
    (tmp_path / "files").mkdir()
    kb(environment, tmp_path, "source", "add", "files", str(tmp_path / "files"), "--watch")
    server = Serving(environment, tmp_path)
    yield server, tmp_path / "files"
    server.stop()


def test_a_watched_folder_is_followed(served):
    """Added, changed, renamed, removed: each soon after it happens, without a command."""
    server, files = served
    (files / "kept.txt").write_text("A folder that lists nothing is not believed.")
    (files / "a.txt").write_text("Storm drains are cleaned in October.")
    wait_for(lambda: any("October" in t for t in found(server.address, "storm drains")), 60)
    (files / "a.txt").write_text("Storm drains are cleaned in November.")
    wait_for(lambda: any("November" in t for t in found(server.address, "storm drains")), 60)
    (files / "a.txt").rename(files / "b.txt")
    listed = lambda: [
        f["path"] for f in httpx.get(f"{server.address}/api/v1/files").json()["files"]
    ]
    wait_for(lambda: listed() == ["b.txt", "kept.txt"], 60)
    (files / "b.txt").unlink()
    wait_for(lambda: listed() == ["kept.txt"], 60)
    assert not any("November" in text for text in found(server.address, "storm drains"))


@pytest.mark.case("R31")
def test_a_busy_server_drains_when_it_is_told_to_stop(environment, tmp_path):
    (tmp_path / "files").mkdir()
    for number in range(400):
        (tmp_path / "files" / f"{number}.txt").write_text(f"Note {number} about pump {number}.")
    kb(environment, tmp_path, "source", "add", "files", str(tmp_path / "files"), "--watch")
    server = Serving(environment, tmp_path)
    running = lambda: [
        p
        for p in psutil.Process(server.process.pid).children(recursive=True)
        if "ingest" in p.cmdline()
    ]
    wait_for(lambda: bool(running()), 60)
    time.sleep(2)
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 30
    assert kb(environment, tmp_path, "check") == dict.fromkeys(
        ("lost", "duplicate", "orphan", "wrong_access"), 0
    )
    counts = kb(environment, tmp_path, "ingest")
    assert counts["seen"] == 400
    assert counts["unchanged"] + counts["indexed"] == 400


@pytest.mark.case("R03", "N24")
def test_what_was_acknowledged_outlives_a_killed_server(environment, tmp_path, house):
    """Files are handed in until the server is killed; those that it accepted stay, whole."""
    kb(environment, tmp_path, "status")
    server = Serving(environment, tmp_path)
    accepted, ended = [], threading.Event()

    def hand_in() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            with contextlib.suppress(httpx.HTTPError):
                stored = httpx.post(
                    f"{server.address}/api/v1/uploads",
                    params={"name": f"{number}.txt", "readers": "everyone"},
                    content=f"Tide table {number}. ".encode() * 2000,
                    timeout=10,
                )
                if stored.status_code == 201:
                    accepted.append(stored.json()["path"])

    handing = threading.Thread(target=hand_in)
    handing.start()
    wait_for(lambda: len(accepted) > 20, 60)
    server.process.kill()
    server.process.wait()
    ended.set()
    handing.join()
    again = Serving(environment, tmp_path)
    indexed = lambda: {p for p, row in house.ledger().items() if row.state == "indexed"}
    try:
        wait_for(lambda: indexed() >= set(accepted), 120)
    finally:
        again.stop()
    assert list((tmp_path / "data/uploads/.unfinished").iterdir()) == []
    assert kb(environment, tmp_path, "check") == dict.fromkeys(
        ("lost", "duplicate", "orphan", "wrong_access"), 0
    )


def worker(environment, folder) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "kb", "worker"],
        env=environment,
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.case("R24")
def test_two_workers_read_one_folder_once(environment, tmp_path, house):
    """A thousand files, each indexed once; a worker that is killed is replaced."""
    files = house.root
    for number in range(1000):
        (files / f"{number}.txt").write_text(f"Note {number} about pump {number}.")
    kb(environment, tmp_path, "source", "add", "files", str(files), "--watch")
    workers = [worker(environment, tmp_path) for _ in range(2)]
    states = lambda: [row.state for row in house.ledger().values()]
    try:
        wait_for(lambda: states().count("indexed") >= 50, 90)
        victim = next(w for w in workers if psutil.Process(w.pid).children())
        for process in [*psutil.Process(victim.pid).children(recursive=True), victim]:
            process.send_signal(signal.SIGKILL)
        victim.wait()
        wait_for(lambda: states() == ["indexed"] * 1000, 240)
    finally:
        for process in workers:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(40) for process in workers]
    assert sorted(codes) == [-signal.SIGKILL, 0]
    assert not any(kb(environment, tmp_path, "check").values())


async def test_urgent_jobs_go_first_and_waiting_ones_are_not_put_twice(settings):
    done = []

    async def read(source: str) -> None:
        done.append(source)

    os.makedirs(settings.data, exist_ok=True)
    jobs = Jobs(settings, read)
    await jobs.open()
    for name, priority in (("night", 0), ("upload", 10), ("watched", 1), ("night", 0)):
        await jobs.put(name, priority)
    stop = asyncio.Event()
    working = asyncio.create_task(jobs.work(stop))
    while len(done) < 3:
        await asyncio.sleep(0.05)
    stop.set()
    await working
    assert done == ["upload", "watched", "night"]
    assert (await jobs.statistics())["done"] == 3
    await jobs.close()


async def test_only_what_may_work_later_is_tried_again(settings, monkeypatch):
    from litestar_queues.task import RetryBackoff

    from ingest import jobs as module

    monkeypatch.setattr(module, "BACKOFF", RetryBackoff(initial_delay=0.1))
    tries = []

    async def read(source: str) -> None:
        tries.append(source)
        if source == "share" and tries.count("share") < 3:
            raise RetryableError("The share is away.")
        if source == "wrong":
            raise UsageError("There is no such source.")

    os.makedirs(settings.data, exist_ok=True)
    jobs = Jobs(settings, read)
    await jobs.open()
    await jobs.put("share", 0)
    await jobs.put("wrong", 0)
    stop = asyncio.Event()
    working = asyncio.create_task(jobs.work(stop))
    while (await jobs.statistics())["done"] < 1:
        await asyncio.sleep(0.05)
    stop.set()
    await working
    assert (tries.count("share"), tries.count("wrong")) == (3, 1)
    assert (await jobs.statistics())["failed"] == 1
    await jobs.close()


async def test_a_queue_that_cannot_be_used_is_an_error_that_may_pass(settings):
    os.makedirs(settings.data / "jobs.sqlite3")
    jobs = Jobs(settings, lambda _: None)
    with pytest.raises(RetryableError) as problem:
        await jobs.open()
    assert problem.value.code == "queue_unavailable"


@pytest.mark.case("N02")
async def test_what_is_asked_for_waits_for_no_earlier_failure(settings):
    """A run was killed and is to be tried again in 15 s; then somebody asks for one."""
    times = []

    async def read(_: str) -> None:
        times.append(time.time())
        if len(times) == 1:
            raise RetryableError("The run was killed.")

    os.makedirs(settings.data, exist_ok=True)
    jobs = Jobs(settings, read)
    await jobs.open()
    stop = asyncio.Event()
    working = asyncio.create_task(jobs.work(stop))
    await jobs.put("files", ASKED)
    async with asyncio.timeout(60):
        while (await jobs.statistics())["waiting"] != 1 or not times:
            await asyncio.sleep(0.05)
        await jobs.put("files", ASKED, times[0] - 60)  # asked for before: it waits
        asked_at = time.time()
        await jobs.put("files", ASKED, asked_at)
        while len(times) < 2:
            await asyncio.sleep(0.05)
    assert times[1] - asked_at < 12
    stop.set()
    await working
    await jobs.close()


@pytest.mark.case("N20")
async def test_several_workers_make_one_queue(postgres, tmp_path):
    """They begin in the same moment, on a database that has no queue yet."""

    async def read(_: str) -> None: ...

    settings = settings_module.load({}, {"KB_DATA_DIR": str(tmp_path), "KB_CATALOG__URL": postgres})
    several = [Jobs(settings, read) for _ in range(8)]
    await asyncio.gather(*(jobs.open() for jobs in several))
    await several[0].put("files", 0)
    assert (await several[7].statistics())["waiting"] == 1
    for jobs in several:
        await jobs.close()


def test_source_commands_show_how_a_folder_is_followed(command, tmp_path):
    (tmp_path / "files").mkdir()
    added = command(
        "source", "add", "files", str(tmp_path / "files"), "--watch", "--exclude", "drafts/",
        "--schedule", "0 2 * * *", "--shown-as", "\\\\server\\share",
    )["source"]  # fmt: skip
    assert (added["watch"], added["exclude"]) == (True, ["drafts/"])
    changed = command("source", "change", "files", "--no-watch", "--schedule", "", "--paused")
    assert (
        changed["source"] | {"watch": False, "schedule": None, "paused": True} == changed["source"]
    )
    [listed] = command("source", "list")["sources"]
    assert listed["next_run"] is None
    assert listed["shown_as"] == "\\\\server\\share"
    command("source", "change", "files", "--exclude", "!", code=1)
    assert json.dumps(listed)
