"""What the workers of one run share (pytest -n), and which of them has which tests.

A session has one folder for all workers. An engine whose socket lies in there serves them all: it
is started by whoever needs it first, as everywhere, and ended by the process that started the workers.
"""

import os
import shutil
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path

import psutil
import pytest

FOLDER = "KB_TEST_SHARED"
MEMORY, ROOM = Path("/dev/shm"), 6 * 1024**3
"""A file system in memory, and how many bytes have to be free there."""
SERVERS = ("sample_server", "ollama", "llama_cpp")
"""Fixtures of a whole session that are dear: the tests with one of them go to one worker."""


def shared_folder() -> Path:
    return Path(os.environ[FOLDER])


def pytest_configure(config):
    if not is_worker(config):
        work_in_memory(config)
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="kb-tests-")


def work_in_memory(config) -> None:
    """Temporary files in memory, where there is room and nobody says otherwise.

    Half of the time of many tests is the disk's: a catalog waits for it at each change, and a
    database of PostgreSQL is some three hundred files. Names are short, since sockets lie in there.
    """
    if "TMPDIR" in os.environ or config.option.basetemp or not has_room(MEMORY):
        return
    folder = tempfile.mkdtemp(prefix="kbt-", dir=MEMORY)
    os.chmod(folder, 0o711)  # PostgreSQL, which is another user, passes through
    os.environ["TMPDIR"], tempfile.tempdir = folder, None
    config.option.basetemp = f"{folder}/t"


def has_room(folder: Path) -> bool:
    return folder.is_dir() and shutil.disk_usage(folder).free > ROOM


def pytest_sessionfinish(session, exitstatus):
    """How the tests ended is kept for who started them: ``make`` tells no more than that they failed.

    What was made in memory goes, unless a test has failed; last of all, since the temporary folder
    of multiprocessing (-100) lies in it.
    """
    if is_worker(session.config):
        return
    if kept := os.environ.get("KB_TEST_STATUS"):
        Path(kept).write_text(str(int(exitstatus)))
    folder = str(session.config.option.basetemp or "").removesuffix("/t")
    if folder and folder == os.environ.get("TMPDIR") and int(exitstatus) in {0, 5}:
        Finalize(None, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=-200)


def pytest_unconfigure(config):
    if is_worker(config):
        return
    folder = os.environ.pop(FOLDER)
    for process in psutil.process_iter(["cmdline"]):
        if folder in " ".join(process.info["cmdline"] or []):
            process.terminate()
    shutil.rmtree(folder, ignore_errors=True)


def pytest_xdist_auto_num_workers():
    """One more than there are processors: many tests wait for what they started."""
    return min(os.cpu_count() or 1, 7) + 1


def is_worker(config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """What takes long begins first; who shares a server, or what a module has made, is one group.

    The name of a group is written behind a test's name where it failed (``@group:…``).
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if name := group_of(item):
            item.add_marker(pytest.mark.xdist_group(f"group:{name}"))


def pytest_collection_finish(session):
    """Groups that pytest and pytest-xdist do not keep fail nowhere else: each worker makes everything."""
    if is_worker(session.config):
        grouped = [item for item in session.items if item.get_closest_marker("xdist_group")]
        lost = [item.nodeid for item in grouped if "@group:" not in item.nodeid]
        assert not lost, f"pytest-xdist groups no tests with this pytest: {lost[:3]}"


def group_of(item) -> str:
    servers = [name for name in SERVERS if name in item.fixturenames]
    if servers:
        return servers[0]
    known = item._fixtureinfo.name2fixturedefs
    made = {known[name][-1].scope for name in item.fixturenames if name in known}
    return item.path.stem if made & {"module", "class"} else ""
