"""What the workers of one run share (pytest -n), and which of them has which tests.

A session has one folder for all workers. An engine whose socket lies in there serves them all: it
is started by whoever needs it first, as everywhere, and ended by the process that started the workers.
"""

import fcntl
import gc
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from functools import cached_property
from multiprocessing.util import Finalize
from pathlib import Path

import psutil
import pytest
from xdist.scheduler import LoadScopeScheduling

FOLDER = "KB_TEST_SHARED"
GROUPS = "groups.json"
"""File of that folder: the group of each test that has one, by the test's name."""
MEMORY, ROOM = Path("/dev/shm"), 6 * 1024**3
"""A file system in memory, and how many bytes have to be free there."""
SERVERS = ("sample_server", "ollama", "llama_cpp", "office", "bundle")
"""Fixtures of several files that are dear: the tests with one of them go to one worker."""


def shared_folder() -> Path:
    return Path(os.environ[FOLDER])


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """A folder that one worker makes for all of them; who comes meanwhile waits for it.

    Where making it failed, the next one makes it anew.
    """
    folder, done = shared_folder() / name, shared_folder() / f"{name}.done"
    with (shared_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            make(folder)
            done.touch()
    return folder


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
    for process in psutil.process_iter(["cmdline", "name"]):
        if folder in " ".join(process.info["cmdline"] or []):
            # A database ends at once by SIGQUIT (postgres(1)); by SIGTERM it waits for its users.
            is_database = process.info["name"] == "postgres"
            process.send_signal(signal.SIGQUIT if is_database else signal.SIGTERM)
    shutil.rmtree(folder, ignore_errors=True)


def pytest_xdist_auto_num_workers():
    """Two more than there are processors: many tests wait for what they started."""
    return min(os.cpu_count() or 1, 6) + 2


def is_worker(config) -> bool:
    return hasattr(config, "workerinput")


def pytest_collection_modifyitems(config, items):
    """What takes long begins first; who shares a server, or what a module has made, is one group.

    A worker writes its tests' groups down, since only workers collect: :class:`ByGroup` reads them.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if is_worker(config):
        groups = {item.nodeid: group for item in items if (group := group_of(item))}
        own = shared_folder() / f"{GROUPS}-{os.getpid()}"
        own.write_text(json.dumps(groups), encoding="utf-8")
        own.replace(shared_folder() / GROUPS)


class ByGroup(LoadScopeScheduling):
    """Gives a group of tests to one worker, every other test to whichever is free.

    ``--dist=loadgroup`` writes a group into the test's name, which pytest has not let it do since
    9.2 (pytest-xdist issue 1386): nothing is grouped, and nothing says so.
    """

    @cached_property
    def groups(self) -> dict[str, str]:
        return json.loads((shared_folder() / GROUPS).read_text(encoding="utf-8"))

    def _split_scope(self, nodeid: str) -> str:
        return self.groups.get(nodeid, nodeid)


def pytest_collection_finish(session):
    """No collection looks through what is loaded for thousands of tests: an eighth of their time."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByGroup(config, log)


def group_of(item) -> str:
    servers = [name for name in SERVERS if name in item.fixturenames]
    if servers:
        return servers[0]
    known = item._fixtureinfo.name2fixturedefs
    made = {known[name][-1].scope for name in item.fixturenames if name in known}
    return item.path.stem if made & {"module", "class"} else ""
