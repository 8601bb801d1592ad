"""A shelf: a folder of models that were added. Each appears and goes as a whole.

A model is made in a hidden folder beside its place, written to the disk, and then given its name.
Whoever makes one holds that folder's lock until it is done: what nobody holds was left by somebody
who was killed, and is deleted. The shelf's own lock is held only for the steps that take no time,
so that a download keeps nobody waiting. Nothing is ever deleted that was not made here.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from kb.embedding.places import ModelManifest
from kb.errors import ConflictError, RetryableError
from kb.models import contents

HALF = ".adding-"
LOCK = ".lock"
MAKING = ".commonplace"
"""An empty file in a folder in which a model is made: by it the folder is known to be ours, and its
lock says that somebody is at work there."""


OURS, EVERYBODYS = 0o700, 0o755
"""Who may look into a shelf that has to be made: that of a data directory, and the program's."""


Before = Callable[[Path], None]
"""What is done with a finished model right before it appears."""


def nothing(_: Path) -> None:
    """What is done before a model appears, where nothing is to be done."""


def add(
    shelf: Path,
    manifest: ModelManifest,
    make: Callable[[Path], Path],
    mode: int = OURS,
    before: Before = nothing,
) -> Path:
    """Put a model on the shelf; gives its folder.

    ``make`` is given an empty folder to work in, which is deleted, and gives the finished model's,
    somewhere beneath it. What is in ``manifest``, but for the files, is written down with it.
    ``before`` is given the finished folder, right before it gets its name.

    Raises:
        ConflictError: there is a model of this name, or something else that was not made here. A
            model that is damaged is replaced.
        RetryableError: the shelf cannot be written to, or the disk is full.
        KbError: as ``make`` or ``before`` raises it.
    """
    place = shelf / manifest.name
    with _said(shelf):
        _make_shelf(shelf, mode)
        _check_free(place)
        with _working(shelf) as working:
            (working / "new").mkdir()
            made = make(working / "new")
            contents.write_down(made, manifest)
            _sync(made)
            made.chmod(EVERYBODYS)
            with _alone(shelf):
                _check_free(place)
                before(made)
                if place.exists():
                    place.rename(working / "damaged")
                made.rename(place)
                _sync_folder(shelf)
    return place


def _check_free(place: Path) -> None:
    """Whether a model may come to this place: nothing is there, or a damaged model of ours.

    Raises:
        ConflictError: it may not.
    """
    if not os.path.lexists(place):
        return
    then = "It stays as it is. Give the model another --name, or move away what lies there."
    _check_ours(place, then, code="name_taken")
    if contents.is_whole(place):
        raise ConflictError(
            f"There is a model {place.name} already, and it is whole: {place}",
            code="model_exists",
            detail={"model": place.name},
        )


def _check_ours(place: Path, then: str, *, code: str) -> None:
    """Whether what lies at a model's place was made here; ``then`` says what to do if not.

    Raises:
        ConflictError: it was not.
    """
    why = contents.not_ours(place)
    if why:
        raise ConflictError(
            f"{place} was not made by kb models add: {why}. {then}",
            code=code,
            detail={"model": place.name, "folder": str(place)},
        )


def remove(folder: Path, before: Callable[[], None]) -> None:
    """Take a model off its shelf, in one step; then delete it. ``before`` is called before that.

    Raises:
        ConflictError: something lies there that was not made here.
        RetryableError: the shelf cannot be written to.
        KbError: as ``before`` raises it.
    """
    shelf = folder.parent
    with _said(shelf), _working(shelf) as working, _alone(shelf):
        then = "Nothing was removed. Move away what is yours, and delete the folder yourself."
        _check_ours(folder, then, code="not_ours")
        before()
        folder.rename(working / "gone")
        _sync_folder(shelf)


def _make_shelf(shelf: Path, mode: int) -> None:
    for folder in (*reversed(shelf.parents), shelf):
        if not folder.exists():
            folder.mkdir(mode=mode, exist_ok=True)


@contextlib.contextmanager
def _working(shelf: Path) -> Iterator[Path]:
    """A hidden folder of this process's own, deleted at the end; what killed ones left goes too."""
    with contextlib.ExitStack() as held:
        with _alone(shelf):
            _clear_up(shelf)
            folder = Path(tempfile.mkdtemp(prefix=HALF, dir=shelf))
            (folder / MAKING).touch()
            held.enter_context(_locked(folder / MAKING))
        held.callback(_delete, folder)
        yield folder


def _clear_up(shelf: Path) -> None:
    """Delete what was half made by somebody who was killed: nobody holds its lock."""
    for left in shelf.glob(f"{HALF}*"):
        if left.is_symlink() or not left.is_dir():
            continue
        with contextlib.suppress(OSError):
            if (left / MAKING).is_file():
                with _locked(left / MAKING):
                    _delete(left)
            else:
                left.rmdir()  # killed before the file was made; else it is not empty, and stays


def _delete(folder: Path) -> None:
    """Delete a folder in which a model was made; last what says that it was."""
    for inside in folder.iterdir():
        if inside.name != MAKING:
            shutil.rmtree(inside, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold a file's lock.

    Raises:
        OSError: somebody else does.
    """
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@contextlib.contextmanager
def _alone(shelf: Path) -> Iterator[None]:
    with (shelf / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
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
