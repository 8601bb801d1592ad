"""Workers, jobs and watching: real processes on a real folder."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading

import httpx
import psutil
import pytest

from tests.parts.processes import PLAIN, Serving, kb, wait_for

FILES = int(os.environ.get("KB_TEST_FILES", "250"))
"""In the folder of a busy service; the case R24 has a thousand."""


def found(address: str, question: str) -> list[str]:
    answer = httpx.get(
        f"{address}/api/v1/search", params={"q": question}, timeout=300, verify=PLAIN
    )
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
    wait_for(lambda: any("October" in t for t in found(server.address, "storm drains")))
    (files / "a.txt").write_text("Storm drains are cleaned in November.")
    wait_for(lambda: any("November" in t for t in found(server.address, "storm drains")))
    (files / "a.txt").rename(files / "b.txt")
    listed = lambda: [
        f["path"] for f in httpx.get(f"{server.address}/api/v1/files").json()["files"]
    ]
    wait_for(lambda: listed() == ["b.txt", "kept.txt"])
    (files / "b.txt").unlink()
    wait_for(lambda: listed() == ["kept.txt"])
    assert not any("November" in text for text in found(server.address, "storm drains"))


@pytest.mark.slow
@pytest.mark.case("R31")
def test_a_busy_server_drains_when_it_is_told_to_stop(environment, tmp_path, house):
    for number in range(FILES):
        (tmp_path / "files" / f"{number}.txt").write_text(f"Note {number} about pump {number}.")
    kb(environment, tmp_path, "source", "add", "files", str(tmp_path / "files"), "--watch")
    server = Serving(environment, tmp_path)
    wait_for(lambda: any(row.state == "indexed" for row in house.ledger().values()))
    assert server.stop() == 0
    waiting = [row for row in house.ledger().values() if row.state == "waiting"]
    zeros = dict.fromkeys(("lost", "duplicate", "orphan", "wrong_access"), 0)
    assert kb(environment, tmp_path, "check") == zeros | {"lost": len(waiting)}
    counts = kb(environment, tmp_path, "ingest")
    assert counts["seen"] == FILES
    assert counts["unchanged"] + counts["indexed"] == FILES
    assert counts["indexed"] == len(waiting), "what was ready is published, the rest waits"
    assert waiting, "it was told to stop, and read everything first"
    assert kb(environment, tmp_path, "check") == zeros


@pytest.mark.slow
@pytest.mark.case("R03", "N24")
def test_what_was_acknowledged_outlives_a_killed_server(environment, tmp_path, house):
    """Files are handed in until the server is killed; those that it accepted stay, whole."""
    kb(environment, tmp_path, "status")
    server = Serving(environment, tmp_path, cold=True)
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
                    timeout=300,
                )
                if stored.status_code == 201:
                    accepted.append(stored.json()["path"])

    handing = threading.Thread(target=hand_in)
    handing.start()
    wait_for(lambda: len(accepted) > 20)
    server.process.kill()
    server.process.wait()
    ended.set()
    handing.join()
    again = Serving(environment, tmp_path)
    indexed = lambda: {p for p, row in house.ledger().items() if row.state == "indexed"}
    try:
        wait_for(lambda: indexed() >= set(accepted))
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


@pytest.mark.slow
@pytest.mark.case("R24")
def test_two_workers_read_one_folder_once(environment, tmp_path, house):
    """Each file is indexed once; a worker that is killed is replaced."""
    files = house.root
    for number in range(FILES):
        (files / f"{number}.txt").write_text(f"Note {number} about pump {number}.")
    kb(environment, tmp_path, "source", "add", "files", str(files), "--watch")
    workers = [worker(environment, tmp_path) for _ in range(2)]
    indexed = lambda: house.kb.ledger.inventory().states.get("indexed", 0)
    try:
        wait_for(lambda: indexed() >= 50)
        victim = next(w for w in workers if psutil.Process(w.pid).children())
        for process in [*psutil.Process(victim.pid).children(recursive=True), victim]:
            process.send_signal(signal.SIGKILL)
        victim.wait()
        wait_for(lambda: indexed() == FILES)
    finally:
        for process in workers:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(300) for process in workers]
    assert sorted(codes) == [-signal.SIGKILL, 0]
    assert not any(kb(environment, tmp_path, "check").values())


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
