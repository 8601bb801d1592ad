"""Scratch: temporary folders for copies of what is being read, each owned by a living process.

A process that needs one has a folder of its own in the scratch, and holds a lock on a file beside
the folder. The system releases the lock when the process ends, in whatever way: then any other
process may delete the folder.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kb.errors import ConfigurationError, RetryableError
from kb.files import disk

LOCK = ".lock"
AWAY = {errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN}
"""What the system says of a share that is away and may come back."""
EVERY_SECONDS = 3600.0
"""Seconds between two times of clearing up what processes that are gone have left; each start of a
process clears up too."""
OLD_NAMES = ("kb-file-*", "kb-child-*", "kb-page-*")
"""Folders that releases before this one made in the system's temporary folder."""
OLD_SECONDS = 3600.0
"""Seconds: a younger folder may be in use by a process that this one cannot see (a container's)."""
OURS = (b"kb", b"multiprocessing", b"commonplace")
"""One of these is in the command line of each of our processes, and in that of some others."""


@dataclass(slots=True)
class Scratch:
    """The scratch of one data directory; one object per process.

    ``beside`` is a second scratch, for files that are handed in: it lies on the file system where
    these files will stay.
    """

    root: Path
    beside: "Scratch | None" = None
    _own: Path | None = None
    _held: int | None = None
    _making: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def folder(self, prefix: str) -> Iterator[Path]:
        """A new, empty folder, gone with all that is in it at the end of the context.

        Raises:
            ConfigurationError: others could read what lies in the scratch.
        """
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=self._mine()))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def check(self) -> None:
        """Make the scratch where there is none, and check that it can be used.

        Raises:
            ConfigurationError: there is none, and there can be none.
            RetryableError: the disk is full or broken, or a share is away.
        """
        with _usable(self.root):
            private(self.root)
            self._folders()

    def clear(self) -> int:
        """Delete the folders that processes which are gone have left; returns how many."""
        others = self.beside.clear() if self.beside else 0
        return others + sum(self._cleared(path) for path in self._folders())

    def stale(self) -> list[Path]:
        """The folders that processes which are gone have left."""
        others = self.beside.stale() if self.beside else []
        return others + [path for path in self._folders() if _is_free(_lock_of(path))]

    def close(self) -> None:
        """Delete this process's own folder, and release its lock."""
        if self.beside:
            self.beside.close()
        with self._making:
            if self._own is not None and self._held is not None:
                shutil.rmtree(self._own, ignore_errors=True)
                _lock_of(self._own).unlink(missing_ok=True)
                os.close(self._held)
            self._own = self._held = None

    def _mine(self) -> Path:
        with self._making:
            with _usable(self.root):
                if self._own is None or not self._own.is_dir():
                    private(self.root)
                    self._own, self._held = _new(self.root)
            return self._own

    def _folders(self) -> list[Path]:
        with _usable(self.root), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if not _is_own(self.root.lstat()):
                return []  # a link that somebody put there: what it leads to is not ours to clear
            named = {p.name.removesuffix(LOCK) for p in self.root.iterdir()}
            own = self._own.name if self._own else None
            return [self.root / name for name in sorted(named) if name != own]
        return []

    def _cleared(self, path: Path) -> bool:
        lock = _lock_of(path)
        with contextlib.suppress(OSError):
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
                lock.unlink(missing_ok=True)
                return not path.exists()
            finally:
                os.close(descriptor)
        return False


def of(named: str, data: Path) -> Scratch:
    """The scratch of a data directory, with the second one among its uploads."""
    return Scratch(place(named, data), Scratch(data / "uploads" / ".unfinished"))


@contextlib.contextmanager
def _usable(folder: Path) -> Iterator[None]:
    """Whatever the system says of the scratch, in words that say what to do."""
    try:
        with disk.translated():
            yield
    except OSError as error:
        kind = RetryableError if error.errno in AWAY else ConfigurationError
        raise kind(
            f"The scratch folder {folder} cannot be used: {error.strerror or error}. Put it right, "
            "or name another one in KB_SCRATCH_DIR.",
            code="scratch_unusable",
            detail={"folder": str(folder)},
        ) from error


def place(named: str, data: Path) -> Path:
    """The folder of a data directory's scratch: in the directory, or its own one in ``named``."""
    if not named:
        return data / "scratch"
    key = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path(named).expanduser().absolute() / f"commonplace-{os.geteuid()}-{key}"


def private(folder: Path) -> None:
    """Make a folder that only this user can read; one that is there becomes so.

    Raises:
        ConfigurationError: it is a link, somebody else's, or no folder.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not _is_own(status):
        raise ConfigurationError(
            f"{folder} is no folder of this user's. Name another one in KB_SCRATCH_DIR.",
            code="scratch_not_private",
            detail={"folder": str(folder)},
        )
    if stat.S_IMODE(status.st_mode) != 0o700:
        folder.chmod(0o700)


def _is_own(status: os.stat_result) -> bool:
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + LOCK)


def _new(root: Path) -> tuple[Path, int]:
    """A folder whose lock this process holds; the lock is there before the folder is."""
    while True:
        path = root / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        descriptor = os.open(_lock_of(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.stat(_lock_of(path)).st_ino == os.fstat(descriptor).st_ino:
                path.mkdir(mode=0o700)
                return path, descriptor
        os.close(descriptor)  # somebody who clears up was faster


def _is_free(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in {errno.EWOULDBLOCK, errno.EACCES}
    else:
        return True
    finally:
        os.close(descriptor)


def clear_old(temporary: Path | None = None) -> int:
    """Delete what earlier releases left in the system's temporary folder; returns how many folders.

    A folder goes only if it is surely ours and surely left: it is this user's, has one of our
    names, is closed to others, and no living process of Commonplace is older than it or works in
    it.
    """
    base = temporary or Path(tempfile.gettempdir())
    found = [p for name in OLD_NAMES for p in base.glob(name) if _is_ours(p)]
    if not found:
        return 0
    living = list(_living())
    total = 0
    for path in found:
        with contextlib.suppress(OSError):
            changed = path.lstat().st_mtime
            if any(begun <= changed or where.is_relative_to(path) for begun, where in living):
                continue
            shutil.rmtree(path, ignore_errors=True)
            total += not path.exists()
    return total


def _is_ours(path: Path) -> bool:
    with contextlib.suppress(OSError):
        status = path.lstat()
        closed = stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o700
        old = status.st_mtime < time.time() - OLD_SECONDS
        return closed and old and status.st_uid == os.geteuid()
    return False


def _living() -> Iterator[tuple[float, Path]]:
    """Begin and working folder of every process that may be one of Commonplace, but for this one.

    Where the system does not tell (no ``/proc``), as if one had been there always.
    """
    try:
        boot = next(x for x in Path("/proc/stat").read_text().splitlines() if x[:6] == "btime ")
    except (OSError, StopIteration):
        yield 0.0, Path("/")
        return
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):  # it has ended meanwhile
                command = (folder / "cmdline").read_bytes()
                if any(word in command for word in OURS):
                    ticks = int((folder / "stat").read_text().rpartition(")")[2].split()[19])
                    begun = int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
                    yield begun, Path(os.readlink(folder / "cwd"))
