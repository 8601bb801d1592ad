"""Killed at any step: an export is whole or no bag; an import goes on, and nothing is lost or double."""

import signal

import pytest

from kb import failpoints
from tests.parts.portal import copy_furnished
from tests.parts.processes import environment_in, kb, run_kb, stop_engines

pytestmark = pytest.mark.slow
ZEROS = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
KILLED_AT = (
    "import_expected", "import_placed", "planned", "upserted", "flushed", "committed",
    "import_group", "import_published",
)  # fmt: skip
"""In this order one import, begun again and again, comes to each of them."""


@pytest.fixture
def furnished_environment(furnished, settings, environment, tmp_path):
    copy_furnished(furnished, settings, tmp_path / "files")
    return environment


def killed(environment, folder, step: str, *arguments: str) -> None:
    done = run_kb(environment | {"KB_FAILPOINT": step}, folder, *arguments)
    assert done.returncode == -signal.SIGKILL, done.stderr + done.stdout
    assert f"{failpoints.TOLD}{step.partition(':')[0]}" in done.stderr


def test_every_step_is_killed_at():
    assert set(failpoints.IMPORT_STEPS) < set(KILLED_AT)


@pytest.mark.parametrize("step", ["bag_file_written:1", "bag_file_written:9", "bag_listed",
                                  "bag_synced"])  # fmt: skip
def test_an_export_that_was_killed_is_no_bag(furnished_environment, tmp_path, step):
    bag = tmp_path / "bag"
    killed(furnished_environment, tmp_path, step, "export", str(bag))
    assert not (bag / "bagit.txt").exists(), "the RFC's sign of a bag"
    error = kb(furnished_environment, tmp_path, "import", str(bag), code=1)["error"]
    assert error["code"] == "bad_export"
    assert "broken off" in error["message"]
    again = kb(furnished_environment, tmp_path, "export", str(bag), code=1)["error"]
    assert again["code"] == "folder_not_empty"


def test_an_import_that_was_killed_goes_on(furnished_environment, tmp_path, embedder_dir):
    bag = tmp_path / "bag"
    kb(furnished_environment, tmp_path, "export", str(bag))
    base = tmp_path / "there"
    base.mkdir()
    there = environment_in(base, embedder_dir)
    for step in KILLED_AT:
        killed(there, base, step, "import", str(bag))
        stop_engines(base / "data")
    told = kb(there, base, "import", str(bag))["imported"]
    assert (told["documents"], told["already"]) == (0, 2), "all were published before the last kill"
    assert kb(there, base, "check") == ZEROS
    for question, path in (("ferry", "ferry.txt"), ("wages", "wages.txt")):
        hits = kb(there, base, "search", question)["hits"]
        assert [hit["document"] for hit in hits].count(path) == 1
    stop_engines(base / "data")


def test_a_full_disk_leaves_no_bag(furnished_environment, tmp_path, small_disk):
    with (small_disk / "filler").open("wb") as file, pytest.raises(OSError, match="space"):
        while True:
            file.write(bytes(1 << 16))
            file.flush()
    with (small_disk / "filler").open("r+b") as file:
        file.truncate((small_disk / "filler").stat().st_size - (24 << 10))
    bag = small_disk / "bag"
    error = kb(furnished_environment, tmp_path, "export", str(bag), code=1)["error"]
    assert error["code"] == "disk_full"
    assert not (bag / "bagit.txt").exists()
