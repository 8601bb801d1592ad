"""The spool of looks: what was put outlives a kill, a flipped bit, a full disk."""

import os
import random
import shutil
import signal
import subprocess
import sys

import pytest

from kb.audit import spools
from kb.audit.spool import HEADER, FullError

PUTS_UNTIL_KILLED = """
import sys
from pathlib import Path
from kb.audit import spools
mine = spools.open_one(Path(sys.argv[1]), 1 << 20)
for n in range(100_000):
    mine.put(b"look %d " % n + b"x" * (n % 300))
    sys.stdout.write(f"{n}\\n")
    sys.stdout.flush()
"""


def contents(found):
    return [item.content for item in found.waiting(10**6)]


@pytest.mark.case("N15")
def test_what_is_taken_is_what_was_put_in_its_order(tmp_path):
    """A ring that is filled, emptied and filled again agrees with a list."""
    mine, model, rng = spools.open_one(tmp_path, 4096), [], random.Random(15)
    refused = 0
    for n in range(3000):
        content = b"%d:" % n + b"y" * rng.randrange(400)
        try:
            mine.put(content)
            model.append(content)
        except FullError:
            refused += 1
        if rng.random() < 0.2:
            taken = mine.waiting(rng.randrange(1, 8))
            assert [item.content for item in taken] == model[: len(taken)]
            if taken:
                mine.done(taken[-1])
                del model[: len(taken)]
        if rng.random() < 0.02:
            mine.close()
            mine = spools.open_one(tmp_path, 4096)
        assert mine.count == len(model)
        assert contents(mine) == model
    assert refused > 100
    assert len(os.listdir(tmp_path)) == 1, "the same file all the time"


@pytest.mark.case("N15")
def test_what_was_put_outlives_a_kill(tmp_path):
    """A process is killed while it puts; every record that it knew of is there."""
    child = subprocess.Popen(
        [sys.executable, "-c", PUTS_UNTIL_KILLED, str(tmp_path)], stdout=subprocess.PIPE
    )
    told = [int(child.stdout.readline()) for _ in range(700)]
    child.send_signal(signal.SIGKILL)
    told += [int(line) for line in child.stdout.read().decode().split("\n")[:-1]]
    child.wait()
    left = spools.open_one(tmp_path, 1 << 20)
    numbers = [int(content.split()[1]) for content in contents(left) if content is not None]
    assert numbers[: len(told)] == told
    assert len(numbers) <= len(told) + 1


@pytest.mark.case("N15")
@pytest.mark.parametrize("seed", range(60))
def test_a_flipped_bit_costs_one_record_and_is_named(tmp_path, seed):
    """Damage anywhere among the records hides no other one, and leaves no silent gap."""
    rng = random.Random(seed)
    mine = spools.open_one(tmp_path, 16_384)
    for n in range(20):
        mine.put(b"early %d" % n)
    mine.done(mine.waiting(20)[-1])
    put = [b"%d:" % n + b"z" * rng.randrange(300) for n in range(30)]
    for content in put:
        mine.put(content)
    path = mine.path
    raw = bytearray(path.read_bytes())
    written = [n for n in range(HEADER, len(raw)) if raw[n]]
    place = rng.choice(written)
    raw[place] ^= 1 << rng.randrange(8)
    path.write_bytes(raw)
    lost = [item for item in mine.waiting(100) if item.content is None]
    whole = [item.content for item in mine.waiting(100) if item.content is not None]
    mine.close()
    again = spools.open_one(tmp_path, 16_384)
    assert whole == [content for content in put if content in whole]
    assert len(whole) >= 29
    named = {n for item in lost for n in range(item.number, item.last + 1)}
    assert len(whole) + len(named) == 30
    after = [item.content for item in again.waiting(100) if item.content is not None]
    assert after == whole, "and the same after a restart"


@pytest.mark.case("N15")
def test_a_process_has_a_file_of_its_own(tmp_path):
    """Two at once never share a file; one that was left is taken over with what is in it."""
    first, second = spools.open_one(tmp_path, 4096), spools.open_one(tmp_path, 4096)
    assert first.path != second.path
    first.put(b"left")
    assert spools.taken_over(first.path) is None
    first.close()
    third = spools.open_one(tmp_path, 4096)
    assert third.path == first.path
    assert contents(third) == [b"left"]


@pytest.mark.case("N15")
def test_its_space_is_taken_when_it_is_made(tmp_path):
    """The kernel says that every block of the file is there."""
    mine = spools.open_one(tmp_path, 1 << 20)
    assert os.stat(mine.path).st_blocks * 512 >= (1 << 20)
    assert os.stat(mine.path).st_mode & 0o777 == 0o600


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(options, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.case("N15")
def test_a_full_disk_stops_no_look_while_there_is_room(small_disk):
    """The disk has no byte left, the spool takes a megabyte; a second one cannot be had."""
    mine = spools.open_one(small_disk / "audit", 1 << 20)
    with pytest.raises(OSError), open(small_disk / "rest", "wb", buffering=0) as rest:
        while True:
            rest.write(b"a" * 4096) or rest.flush()
    assert os.statvfs(small_disk).f_bavail == 0
    with pytest.raises(FullError):
        spools.open_one(small_disk / "audit", 1 << 20)
    for _ in range(1000):
        mine.put(b"b" * 900)
    assert len(contents(mine)) == 1000
    mine.close()
    assert len(contents(spools.open_one(small_disk / "audit", 1 << 20))) == 1000


@pytest.mark.case("N15")
def test_on_a_disk_that_is_nearly_full_it_is_smaller(small_disk):
    """A command that only looks needs no eight megabytes."""
    (small_disk / "ballast").write_bytes(bytes(shutil.disk_usage(small_disk).free - 3 * 1024**2))
    mine = spools.open_one(small_disk / "audit", 8 << 20)
    mine.put(b"a look")
    assert mine.capacity == 2 << 20
    assert not list((small_disk / "audit").glob(".draft-*"))
    mine.close()


@pytest.mark.case("N15")
def test_what_was_taken_is_blank(tmp_path):
    """Words of questions do not stay in the file after the log has them."""
    mine = spools.open_one(tmp_path, 4096)
    mine.put(b"a private matter")
    mine.done(mine.waiting(1)[0])
    assert b"private" not in mine.path.read_bytes()


@pytest.mark.case("N15")
def test_a_file_that_cannot_be_opened_holds_up_no_other(tmp_path):
    """One spool is another user's (here: nothing that can be opened); looks are noted still."""
    (tmp_path / "spool-0").symlink_to(tmp_path / "nowhere")
    (tmp_path / "spool-1").mkdir()
    mine = spools.open_one(tmp_path, 1 << 20)
    mine.put(b"a look")
    assert spools.waiting_in(tmp_path) == 1
    mine.close()
    assert contents(spools.open_one(tmp_path, 1 << 20)) == [b"a look"]
