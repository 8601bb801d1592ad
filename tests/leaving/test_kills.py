"""Killed at any step: an export is whole or no bag; an import goes on, and nothing is lost or double."""

import signal
from pathlib import Path

import pytest

from kb import failpoints
from kb.embedding.client import Embeddings
from tests.leaving.handmade import TEXTS, handmade
from tests.leaving.tables_of import table
from tests.parts.processes import environment_in, kb, run_kb, stop_engines

pytestmark = pytest.mark.slow
ZEROS = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
KILLED_AT = (
    "import_expected", "import_placed", "planned", "upserted", "flushed", "committed",
    "import_group", "import_published",
)  # fmt: skip
"""In this order one import, begun again and again, comes to each of them."""


@pytest.fixture
def given(settings, tmp_path) -> Path:
    [model] = Embeddings(settings).models
    return handmade(tmp_path / "given", model)


@pytest.fixture
def taken_in(given, environment, tmp_path):
    kb(environment, tmp_path, "import", str(given))
    return environment


def killed(environment, folder: Path, step: str, *arguments: str) -> None:
    done = run_kb(environment | {"KB_FAILPOINT": step}, folder, *arguments)
    assert done.returncode == -signal.SIGKILL, done.stderr + done.stdout
    assert f"{failpoints.TOLD}{step.partition(':')[0]}" in done.stderr


def test_every_step_is_killed_at():
    assert set(failpoints.IMPORT_STEPS) < set(KILLED_AT)


def test_an_export_that_was_killed_is_no_bag(taken_in, tmp_path):
    for step in ("bag_file_written:1", "bag_file_written:9", "bag_listed", "bag_synced"):
        bag = tmp_path / step
        killed(taken_in, tmp_path, step, "export", str(bag))
        assert not (bag / "bagit.txt").exists(), "the RFC's sign of a bag"
        error = kb(taken_in, tmp_path, "import", str(bag), code=1)["error"]
        assert error["code"] == "bad_export"
        assert "broken off" in error["message"]
        again = kb(taken_in, tmp_path, "export", str(bag), code=1)["error"]
        assert again["code"] == "folder_not_empty"


def test_an_import_that_was_killed_goes_on(given, tmp_path, embedder_dir):
    base = tmp_path / "there"
    base.mkdir()
    there = environment_in(base, embedder_dir)
    for step in KILLED_AT:
        killed(there, base, step, "import", str(given))
        stop_engines(base / "data")
    told = kb(there, base, "import", str(given))["imported"]
    assert (told["documents"], told["already"]) == (0, 5), "all were published before the last kill"
    assert told["answers"] == 3
    assert kb(there, base, "check") == ZEROS
    kb(there, base, "export", str(base / "bag"))
    paths = [row["path"] for row in table(base / "bag", "documents")]
    assert sorted(paths) == sorted([*(path for path, _ in TEXTS.values()), "broken.pdf"])
    for name in ("chunks", "texts", "answers", "pins", "judged"):
        assert len(table(base / "bag", name)) == len(table(given, name)), name
    stop_engines(base / "data")


def test_a_full_disk_leaves_no_bag(taken_in, tmp_path, small_disk):
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
        while True:
            file.write(bytes(1 << 16))
    with filler.open("r+b") as file:
        file.truncate(filler.stat().st_size - (24 << 10))
    error = kb(taken_in, tmp_path, "export", str(small_disk / "bag"), code=1)["error"]
    assert error["code"] == "disk_full"
    assert not (small_disk / "bag" / "bagit.txt").exists()
