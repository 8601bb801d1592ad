"""Copies that are made while a file is read do not stay behind, whatever ends the process."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from ingest.running import healing
from kb.catalog.healing import HEALED
from kb.catalog.tables import counters, documents
from kb.errors import ConfigurationError
from kb.files import scratch
from kb.files.scratch import Scratch
from tests.ingest.test_interruptions import begun, texts, zipped
from tests.parts.processes import wait_for

ZEROS = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
HOLDING = """
import sys, time
from pathlib import Path
from kb.files.scratch import Scratch
with Scratch(Path(sys.argv[1])).folder("file-") as folder:
    (folder / "content").write_text("secret")
    print("ready", flush=True)
    time.sleep(600)
"""


def holder(root: Path) -> subprocess.Popen:
    """A process that works in a scratch."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def copies(root: Path) -> list[Path]:
    return [p for p in root.rglob("content") if p.is_file()]


@pytest.mark.case("N24")
def test_what_a_dead_process_left_is_cleared_and_a_living_ones_is_not(tmp_path):
    """The lock decides, which the kernel frees; not a number that another process may have."""
    root = tmp_path / "scratch"
    dead, living = holder(root), holder(root)
    dead.kill()
    dead.wait()
    mine = Scratch(root)
    try:
        with mine.folder("file-") as folder:
            (folder / "content").write_text("mine")
            assert len(mine.stale()) == 1
            assert mine.clear() == 1
            assert len(copies(root)) == 2
            assert mine.stale() == []
            assert mine.clear() == 0
        assert len(copies(root)) == 1
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
        for entry in root.iterdir():
            assert stat.S_IMODE(entry.stat().st_mode) & 0o077 == 0
    finally:
        living.kill()
        living.wait()
    mine.close()
    assert mine.clear() == 1
    assert list(root.iterdir()) == []


@pytest.mark.case("N24")
def test_a_scratch_elsewhere_is_a_folder_of_its_own(tmp_path):
    """KB_SCRATCH_DIR may be shared; nobody else reads what lies there, no link leads away."""
    one = scratch.place(str(tmp_path), Path("/data/one"))
    assert one.parent == tmp_path
    assert one != scratch.place(str(tmp_path), Path("/data/two"))
    assert scratch.place("", Path("/data/one")) == Path("/data/one/scratch")
    (tmp_path / "elsewhere").mkdir()
    one.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError), Scratch(one).folder("file-"):
        pass
    one.unlink()
    one.mkdir(mode=0o755)
    with Scratch(one).folder("file-"):
        assert stat.S_IMODE(one.stat().st_mode) == 0o700


@pytest.fixture
def short_path():
    """A folder in which sockets have room: their paths are 107 bytes long at most."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.case("N24")
async def test_a_killed_run_leaves_copies_until_the_next_start(
    house, environment, tmp_path, short_path
):
    """`check` counts them, the next run clears them; the temporary folder stays clean."""
    house.follow()
    await house.ingest()
    place = tmp_path / "elsewhere"
    place.mkdir()
    temporary = short_path
    texts(house, 1, 2)
    environment = environment | {"TMPDIR": str(temporary)}
    run = begun(environment | {"KB_FAILPOINT": "blob_written:1"}, tmp_path, "ingest")
    told = run.communicate(timeout=300)
    assert run.returncode == -signal.SIGKILL, told
    assert copies(house.kb.scratch.root)
    assert not [p for p in temporary.rglob("*") if p.is_file() and b"Pump" in p.read_bytes()]
    assert (await house.kb.upkeep.check())["orphan"] == 1
    await house.ingest()
    assert copies(house.kb.scratch.root) == []
    assert await house.kb.upkeep.check() == ZEROS


@pytest.mark.case("N24")
async def test_purge_and_repair_reach_the_scratch(house):
    """A copy of an erased document goes with it."""
    house.follow()
    house.write("one.txt", "The words of one are these.")
    await house.ingest()
    for use in ("purge", "repair"):
        left = holder(house.kb.scratch.root)
        left.kill()
        left.wait()
        assert copies(house.kb.scratch.root)
        if use == "repair":
            assert await house.kb.upkeep.check(repair=True) == ZEROS
        else:
            await house.kb.documents.erase(house.owner, [house.ledger()["one.txt"].id])
        assert copies(house.kb.scratch.root) == []


@pytest.mark.case("N24")
def test_old_folders_in_the_temporary_folder_are_cleared_with_care(tmp_path, monkeypatch):
    """Only ours, closed to others, and with no living process that may have made them."""
    old = time.time() - 3 * 86400
    made = {}
    for name, mode in (("kb-file-abc", 0o700), ("kb-child-abc", 0o755), ("other-abc", 0o700)):
        made[name] = tmp_path / name
        made[name].mkdir()
        (made[name] / "content").write_text("words")
        made[name].chmod(mode)
        os.utime(made[name], (old, old))
    fresh = Path(tempfile.mkdtemp(prefix="kb-child-", dir=tmp_path))
    living = subprocess.Popen(["sleep", "600"], executable="/bin/sleep", cwd=tmp_path)
    try:
        monkeypatch.setattr(scratch, "_living", lambda: iter([(old - 5, Path("/"))]))
        assert scratch.clear_old(tmp_path) == 0  # a process older than the folder may be its maker
        monkeypatch.setattr(scratch, "_living", lambda: iter([(old + 5, made["kb-file-abc"])]))
        assert scratch.clear_old(tmp_path) == 0  # one works in it
        monkeypatch.setattr(scratch, "_living", lambda: iter([(old + 5, Path("/"))]))
        assert scratch.clear_old(tmp_path) == 1
    finally:
        living.kill()
        living.wait()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ["kb-child-abc", "other-abc", fresh.name]
    )


@pytest.mark.case("N24")
def test_living_processes_are_told_by_the_kernel():
    """Begin and folder of a process that bears our name."""
    begun_at = time.time()
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)", "kb"], cwd="/"
    )
    try:
        wait_for(lambda: b"kb" in Path(f"/proc/{process.pid}/cmdline").read_bytes())
        found = [b for b, where in scratch._living() if where == Path("/")]
        assert any(abs(b - begun_at) < 30 for b in found)
    finally:
        process.kill()
        process.wait()


@pytest.mark.case("N24")
async def test_the_first_start_puts_right_what_faults_have_left(house, caplog):
    """Members nobody recorded, members that wait, files that were withdrawn; and how many."""
    house.follow()
    paths = texts(house, 1, 2)
    (house.root / "b.zip").write_bytes(zipped({"x.txt": b"Valve x is open."}))
    house.write("shared.txt", "On the share lies the plan.")
    await house.ingest()
    paths |= {"b.zip", "b.zip › x.txt", "shared.txt"}
    with house.kb.catalog.writing() as connection:
        connection.execute(delete(counters).where(counters.c.name == HEALED))
        gone = select(documents.c.id).where(documents.c.path == "b.zip › x.txt")
        connection.execute(delete(documents).where(documents.c.id.in_(gone)))
        connection.execute(
            update(documents)
            .where(documents.c.path == "a0.zip › 1.txt")
            .values(state="waiting", code=None, version=None, content_hash=None, settings=None)
        )
        connection.execute(
            update(documents)
            .where(documents.c.path == "shared.txt")
            .values(state="failed", code="unreadable", version=None, chunks=0)
        )
    healed = healing.heal(house.kb.catalog, house.kb.blobs, house.kb.scratch)
    assert (healed.members, healed.containers, healed.withdrawn) == (1, 1, 1)
    assert "1 members" in caplog.text
    assert house.kb.sources.named("files").is_requested
    again = healing.heal(house.kb.catalog, house.kb.blobs, house.kb.scratch)
    assert again.containers == again.withdrawn == 0
    await house.ingest()
    assert {p: r.state for p, r in house.ledger().items()} == dict.fromkeys(paths, "indexed")
    # The versions whose rows were taken away by hand are nobody's now; a repair withdraws them.
    assert await house.kb.upkeep.check(repair=True) == ZEROS


@pytest.mark.case("N24")
def test_nothing_is_cleared_where_a_link_leads(tmp_path):
    """Somebody was faster in a folder for all, and put a link where the scratch should be."""
    mine = Scratch(scratch.place(str(tmp_path), Path("/data")))
    theirs = tmp_path / "theirs"
    (theirs / "papers").mkdir(parents=True)
    mine.root.symlink_to(theirs)
    assert mine.stale() == []
    assert mine.clear() == 0
    assert os.listdir(theirs) == ["papers"]


@pytest.mark.case("N24")
async def test_a_container_whose_members_nobody_recorded_is_asked_for(house):
    """Nothing waits in its source, and yet the first start has it read."""
    house.follow()
    (house.root / "b.zip").write_bytes(zipped({"x.txt": b"Valve x is open."}))
    await house.ingest()
    with house.kb.catalog.writing() as connection:
        connection.execute(delete(counters).where(counters.c.name == HEALED))
        connection.execute(delete(documents).where(documents.c.parent_id.is_not(None)))
    assert healing.heal(house.kb.catalog, house.kb.blobs, house.kb.scratch).containers == 1
    assert house.kb.sources.named("files").is_requested
