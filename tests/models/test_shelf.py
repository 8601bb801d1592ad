"""A shelf: nothing leaves it that was not made here, and nothing half made counts."""

import os
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from kb.embedding.places import MANIFEST, ModelManifest
from kb.errors import ConflictError
from kb.models import contents, shelf
from tests.models.test_adding import on

ADDED = ModelManifest(name="mine", title="x", origin="y", files={})


def make(working):
    made = working / "made"
    (made / "1_Pooling").mkdir(parents=True)
    (made / "model.safetensors").write_bytes(b"weights")
    (made / "1_Pooling" / "config.json").write_text("{}")
    return made


def put(place, what):
    """What may lie where a model is to come."""
    if what == "a file":
        place.write_text("notes")
    elif what == "a link to a folder":
        (place.parent.parent / "elsewhere").mkdir()
        (place.parent.parent / "elsewhere" / "notes.txt").write_text("notes")
        place.symlink_to(place.parent.parent / "elsewhere")
    elif what == "a link to nothing":
        place.symlink_to("/nowhere/at/all")
    else:
        place.mkdir()
        (place / "notes.txt").write_text("notes")
        if what == "a folder with a damaged manifest":
            (place / MANIFEST).write_text("{")
        if what == "a model of another name":
            contents.write_down(place, ModelManifest(name="other", title="x", origin="y", files={}))
            (place / "notes.txt").write_text("others")


def state(folder):
    return sorted(
        (f.relative_to(folder).as_posix(), os.readlink(f) if f.is_symlink() else
         f.read_bytes() if f.is_file() else b"")
        for f in folder.rglob("*") if f.name != shelf.LOCK
    )  # fmt: skip


@pytest.mark.parametrize(
    "what",
    ["a file", "a folder", "a link to a folder", "a link to nothing",
     "a folder with a damaged manifest", "a model of another name"],
)  # fmt: skip
def test_what_was_not_made_here_stays(tmp_path, what):
    (tmp_path / "shelf").mkdir()
    put(tmp_path / "shelf" / "mine", what)
    before = state(tmp_path)
    with pytest.raises(ConflictError) as refused:
        shelf.add(tmp_path / "shelf", ADDED, make)
    assert refused.value.code == "name_taken"
    with pytest.raises(ConflictError):
        shelf.remove(tmp_path / "shelf" / "mine", lambda: None)
    assert state(tmp_path) == before


def test_a_damaged_model_with_a_file_of_somebodys_stays(tmp_path):
    place = shelf.add(tmp_path, ADDED, make)
    (place / "model.safetensors").write_bytes(b"cut")
    (place / "notes.txt").write_text("notes")
    with pytest.raises(ConflictError, match=r"notes\.txt"):
        shelf.add(tmp_path, ADDED, make)
    (place / "notes.txt").unlink()
    shelf.add(tmp_path, ADDED, make)
    assert contents.is_whole(place)
    assert on(tmp_path) == ["mine"]


def test_what_lies_half_made_is_deleted_only_if_it_is_ours_and_nobody_works_in_it(tmp_path):
    (tmp_path / f"{shelf.HALF}theirs").mkdir()
    (tmp_path / f"{shelf.HALF}theirs" / "notes.txt").write_text("notes")
    inside, go_on = threading.Event(), threading.Event()

    def slowly(working):
        inside.set()
        assert go_on.wait(60)
        return make(working)

    slow = threading.Thread(target=lambda: shelf.add(tmp_path, ADDED, slowly))
    slow.start()
    assert inside.wait(60)
    other = ModelManifest(name="other", title="x", origin="y", files={})
    shelf.add(tmp_path, other, make)  # does not wait for the slow one, nor delete what it makes
    go_on.set()
    slow.join()
    assert on(tmp_path) == [f"{shelf.HALF}theirs", "mine", "other"]
    assert contents.is_whole(tmp_path / "mine")


def test_of_two_that_add_the_same_one_is_refused(tmp_path):
    both, refused = threading.Barrier(2, timeout=60), []

    def together(working):
        both.wait()
        return make(working)

    def add():
        try:
            shelf.add(tmp_path, ADDED, together)
        except ConflictError as error:
            refused.append(error.code)

    threads = [threading.Thread(target=add) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert refused == ["model_exists"]
    assert contents.is_whole(tmp_path / "mine")
    assert on(tmp_path) == ["mine"]


KILLED = """
import os, signal, sys
from pathlib import Path
from kb.models import shelf
from tests.models.test_shelf import ADDED, make

def look(event, arguments):
    global left
    if event in WATCHED and folder in str(arguments):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

WATCHED = {"open", "os.mkdir", "os.rename", "os.rmdir", "os.remove", "os.chmod", "shutil.rmtree"}
for line in sys.stdin:
    left, folder = int(line.split(" ", 1)[0]), line.split(" ", 1)[1].rstrip()
    if not (child := os.fork()):
        sys.addaudithook(look)
        shelf.add(Path(folder), ADDED, make)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def killed():
    """Adds a model to a folder, killed after so many steps; how that ended. Forked each time."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:

        def add(folder, steps: int) -> int:
            server.stdin.write(f"{steps} {folder}\n")
            server.stdin.flush()
            return int(server.stdout.readline())

        yield add


@pytest.mark.slow
def test_killed_at_every_step_it_is_whole_or_not_there(tmp_path, killed):
    """Every file that is opened, made, renamed or deleted is a step; a damaged model was there."""
    for step in range(200):
        folder = tmp_path / str(step)
        place = shelf.add(folder, ADDED, make)
        (place / "model.safetensors").write_bytes(b"damaged")
        code = killed(folder, step)
        there = {MANIFEST, "model.safetensors", "1_Pooling"}
        if place.exists():
            assert {f.name for f in place.iterdir()} == there
        if code == 0:
            break
        assert code == -signal.SIGKILL
        if not (place.exists() and contents.is_whole(place)):
            shelf.add(folder, ADDED, make)
        other = ModelManifest(name="other", title="x", origin="y", files={})
        shelf.add(folder, other, make)
        assert on(folder) == ["mine", "other"], f"after a kill at step {step}"
        shutil.rmtree(folder)
    assert step > 10
