"""A shelf: a folder of models that were added. Each appears and goes as a whole.

A model is made in a hidden folder beside its place, written to the disk, and then given its name.
Who makes one holds the shelf's lock: what else lies there half made belongs to somebody who was
killed, and is deleted.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from kb.embedding import models
from kb.embedding.places import MANIFEST, Kept, Manifest, manifest_of
from kb.errors import ConfigurationError, ConflictError, RetryableError

HALF = ".adding-"
LOCK = ".lock"


OURS, EVERYBODYS = 0o700, 0o755
"""Who may look into a shelf that has to be made: that of a data directory, and the program's."""


def add(shelf: Path, manifest: Manifest, make: Callable[[Path], Path], mode: int = OURS) -> Path:
    """Put a model on the shelf; gives its folder.

    ``make`` is given an empty folder to work in, which is deleted, and gives the finished model's,
    somewhere beneath it. What is in ``manifest``, but for the files, is written down with it.

    Raises:
        ConflictError: there is a model of this name. One that is damaged is replaced.
        RetryableError: the shelf cannot be written to, or the disk is full.
        KbError: as ``make`` raises it.
    """
    place = shelf / manifest.name
    with _said(shelf), _alone(shelf, mode):
        if place.exists() and is_whole(place):
            raise ConflictError(
                f"There is a model {manifest.name} already, and it is whole: {place}",
                code="model_exists",
                detail={"model": manifest.name},
            )
        working = Path(tempfile.mkdtemp(prefix=HALF, dir=shelf))
        try:
            made = make(working)
            write_down(made, manifest)
            _sync(made)
            made.chmod(EVERYBODYS)
            if place.exists():
                place.rename(working / "damaged")
            made.rename(place)
            _sync_folder(shelf)
        finally:
            shutil.rmtree(working, ignore_errors=True)
    return place


def write_down(folder: Path, manifest: Manifest) -> None:
    """Write down each file of a model with its digest."""
    _write(folder, msgspec.structs.replace(manifest, files=files_of(folder)))


def _write(folder: Path, manifest: Manifest) -> None:
    models.write_whole(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    (folder / MANIFEST).chmod(0o644)


def files_of(folder: Path) -> dict[str, Kept]:
    """Every file of a model by its path, read from beginning to end."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {
        file.relative_to(folder).as_posix(): Kept(
            models.digest_of(file), file.stat().st_size, int(file.stat().st_mtime)
        )
        for file in files
        if file != folder / MANIFEST
    }


def is_whole(folder: Path) -> bool:
    """Whether every file is as it was written down; all of them are read."""
    try:
        manifest = manifest_of(folder)
        there = files_of(folder)
    except (ConfigurationError, OSError):
        return False
    return manifest is not None and digests(there) == digests(manifest.files)


def digests(files: Mapping[str, Kept]) -> dict[str, str]:
    """The SHA-256 of each file."""
    return {name: kept.sha256 for name, kept in files.items()}


def looks_changed(folder: Path, manifest: Manifest) -> bool:
    """Whether a file has another size or time than it had; nothing is read."""
    for name, kept in manifest.files.items():
        try:
            stat = (folder / name).stat()
        except OSError:
            return True
        if (stat.st_size, int(stat.st_mtime)) != (kept.size, kept.modified):
            return True
    return False


def refresh(folder: Path, manifest: Manifest, files: dict[str, Kept]) -> None:
    """Write down anew when files were written that are the same (a copy, a restored backup)."""
    if files != manifest.files:
        kept = msgspec.structs.replace(manifest, files=files)
        with contextlib.suppress(OSError):  # a shelf that cannot be written is as sound as before
            _write(folder, kept)


def remove(folder: Path) -> None:
    """Take a model off its shelf, in one step; then delete it.

    Raises:
        RetryableError: the shelf cannot be written to.
    """
    shelf = folder.parent
    with _said(shelf), _alone(shelf):
        gone = Path(tempfile.mkdtemp(prefix=HALF, dir=shelf))
        folder.rename(gone / folder.name)
        shutil.rmtree(gone, ignore_errors=True)


@contextlib.contextmanager
def _alone(shelf: Path, mode: int = OURS) -> Iterator[None]:
    for folder in (*reversed(shelf.parents), shelf):
        if not folder.exists():
            folder.mkdir(mode=mode, exist_ok=True)
    with (shelf / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in shelf.glob(f"{HALF}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


@contextlib.contextmanager
def _said(shelf: Path) -> Iterator[None]:
    """What the system refuses is an error that says what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        why = "the disk is full" if full else str(error)
        do = "Make room" if full else "Set embedding.models_dir to a folder that may be written to"
        raise RetryableError(
            f"{shelf} cannot be written to: {why}. Nothing half made was left, and what was there "
            f"stays. {do}, and try again.",
            code="model_not_written",
            detail={"folder": str(shelf), "reason": str(error)},
        ) from error


def _sync(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        else:
            _sync_folder(file)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
