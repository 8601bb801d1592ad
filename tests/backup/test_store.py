"""The folder that backups are made in: one at a time, and what is told where it will not do."""

import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest

from kb.backup.pool import DRAFT
from kb.backup.store import Store
from kb.errors import ConflictError, KbError, RetryableError, UsageError
from kb.surface import faults
from tests.backup.conftest import Base
from tests.backup.test_restoring import column
from web.i18n import languages, translations


def assert_told(base: Base, error: KbError, folder: Path) -> None:
    """It is kept why the last backup failed; each language has a sentence, with the folder."""
    query = "SELECT error FROM backups ORDER BY id DESC LIMIT 1"
    kept = json.loads(column(base.settings, query)[0])
    assert kept["code"] == error.code
    for language in languages():
        said = faults.stored(kept, translations(language))
        assert str(folder) in said, language
        assert (said == error.message) == (language == "en")


def test_two_backups_in_one_folder_wait_for_nobody(base, tmp_path):
    store = Store(tmp_path / "backups")
    store.prepare()
    with store.alone(), pytest.raises(ConflictError) as found:
        base.save(tmp_path / "backups")
    assert found.value.code == "backup_busy"
    assert not column(base.settings, "SELECT id FROM backups WHERE id > 3"), "none has failed"
    base.save(tmp_path / "backups")


@pytest.mark.case("R35")
@pytest.mark.parametrize("where", ["data/backups", "data", ".", "other", "file", "file/backups"])
def test_a_folder_that_will_not_do_is_told(base, tmp_path, where):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    with pytest.raises((UsageError, RetryableError)) as found:
        base.save(tmp_path / where)
    assert found.value.code in {"backup_inside", "not_for_backups", "backup_folder_unusable"}
    assert (tmp_path / "other" / "letter.txt").read_text() == "mine"
    assert_told(base, found.value, tmp_path / where)


@pytest.mark.case("R35")
def test_too_little_room_is_known_before_a_file_is_copied(base, small_disk):
    for n in range(3):
        (base.settings.data / "uploads" / "abc" / f"big{n}").write_bytes(os.urandom(30 * 1024**2))
    with pytest.raises(RetryableError) as found:
        base.save(small_disk / "backups")
    assert found.value.code == "backup_no_room"
    assert_told(base, found.value, small_disk / "backups")
    assert sum(p.stat().st_size for p in (small_disk / "backups").rglob("*")) < 1024**2
    assert Store(small_disk / "backups").names() == []


@pytest.mark.case("R35")
def test_a_disk_that_takes_no_more_is_told_and_the_next_one_goes_on(base, small_disk):
    """Its last byte is taken by somebody else; what is to be written are rows, not files."""
    first, filler = base.save(small_disk / "backups"), small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    assert shutil.disk_usage(small_disk).free == 0
    with pytest.raises(RetryableError) as found:
        base.save(small_disk / "backups")
    assert found.value.code == "backup_disk_full"
    assert_told(base, found.value, small_disk / "backups")
    assert Store(small_disk / "backups").names() == [first.name]
    filler.unlink()
    assert base.save(small_disk / "backups").name > first.name
    assert not list((small_disk / "backups" / "pool").glob(f"{DRAFT}*"))
