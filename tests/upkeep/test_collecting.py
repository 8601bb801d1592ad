"""What is taken up again while it is collected stays."""

import hashlib
import os
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from kb.files import blobs as blobs_module
from kb.files.blobs import ORIGINAL, Blobs
from kb.upkeep import collecting

WORDS = b"The pump is oiled."
KEY = hashlib.sha256(WORDS).hexdigest()


class Catalog:
    """Refers to nothing, and lets something happen after each look."""

    def __init__(self, *happenings):
        self.happenings = list(happenings)

    def scalars(self, _):
        return []

    def execute(self, _):
        return self

    def one_or_none(self):
        """Nobody makes a backup."""

    @contextmanager
    def reading(self):
        yield self
        if self.happenings:
            self.happenings.pop(0)()


def old_one(folder: Path) -> Blobs:
    blobs = Blobs(folder)
    blobs.put(KEY, ORIGINAL, WORDS)
    os.utime(blobs._path(KEY, ORIGINAL), (1, 1))
    return blobs


@pytest.mark.case("N01")
def test_a_value_that_is_stored_again_before_it_goes_stays(tmp_path):
    """After the first look at what is unused, and after the second."""
    for nothing in ([], [lambda: None]):
        blobs = old_one(tmp_path / str(len(nothing)))
        catalog = Catalog(*nothing, lambda: blobs.put(KEY, ORIGINAL, WORDS))
        assert collecting._blobs(catalog, blobs, 24.0) == 0
        assert blobs.holds(KEY, ORIGINAL)


@pytest.mark.case("N01")
def test_a_value_that_is_stored_again_while_it_goes_stays(tmp_path, monkeypatch):
    """Between the look at its age and its leaving, and while it is put aside."""
    rename = os.rename
    blobs = old_one(tmp_path / "before")

    def renewed_before(old, new) -> None:
        blobs.put(KEY, ORIGINAL, WORDS)
        rename(old, new)

    monkeypatch.setattr(blobs_module.os, "rename", renewed_before)
    assert collecting._blobs(Catalog(), blobs, 24.0) == 0
    assert blobs.holds(KEY, ORIGINAL)
    blobs = old_one(tmp_path / "after")

    def renewed_after(old, new) -> None:
        rename(old, new)
        blobs.put(KEY, ORIGINAL, WORDS)

    monkeypatch.setattr(blobs_module.os, "rename", renewed_after)
    collecting._blobs(Catalog(), blobs, 24.0)
    assert blobs.holds(KEY, ORIGINAL)
    assert [p.name for p in blobs.files()] == [f"{KEY}.{ORIGINAL}"]


@pytest.mark.case("N01")
def test_a_value_that_goes_while_it_is_renewed_is_written_anew(tmp_path, monkeypatch):
    """Whoever stores it was told that it is there, and it is not any more."""
    blobs = old_one(tmp_path)
    holds = Blobs.holds

    def gone_then(self, key, kind) -> bool:
        found = holds(self, key, kind)
        collecting._blobs(Catalog(), self, 24.0)
        return found

    monkeypatch.setattr(Blobs, "holds", gone_then)
    blobs.put(KEY, ORIGINAL, WORDS)
    monkeypatch.setattr(Blobs, "holds", holds)
    assert blobs.holds(KEY, ORIGINAL)


@pytest.mark.case("N01")
def test_what_nobody_takes_up_goes_and_what_a_crash_left_aside_too(tmp_path):
    """A file that was put aside is nobody's value."""
    blobs = old_one(tmp_path)
    left = blobs._path(KEY, ORIGINAL).with_name(f"{blobs_module.ASIDE}other.{ORIGINAL}")
    left.write_bytes(b"left")
    os.utime(left, (1, 1))
    assert collecting._blobs(Catalog(), blobs, 24.0) == 2
    assert list(blobs.files()) == []
    blobs.put(KEY, ORIGINAL, WORDS)
    assert not blobs.expire(blobs._path(KEY, ORIGINAL), time.time() - 60)
