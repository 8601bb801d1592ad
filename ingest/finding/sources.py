"""Looking at a folder, and copying a file out of it, safely."""

import hashlib
import os
import stat as stat_module
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

from ingest.finding.selection import Selection, is_litter
from kb.errors import FileProblem, RetryableError
from kb.files.originals import leads_to, open_beneath
from kb.text.pathnames import cut, shown
from kb.types.files import Stat

LONGEST_PATH = 2400
"""Most bytes of a file's path. (What comes out of the file has a longer one.)"""
LAST_NS = 2**63 - 1
"""Nanoseconds since the epoch: the most that fits in 64 bits; a file's time beyond it is taken for
this."""
NOTHING = Stat(0, 0, 0)
"""What is known of a file that could not be looked at."""


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file of the folder as a look saw it; ``problem`` where it cannot be opened."""

    raw_path: bytes
    stat: Stat
    problem: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    target: bytes | None = None
    """Where it leads if it is a link, seen from the source's root."""

    @property
    def path(self) -> str:
        """The path as people see it."""
        return shown(self.raw_path)


@dataclass(frozen=True, slots=True)
class FolderLook:
    """What one look at a folder has seen.

    ``device`` is its file system, and ``mount`` where that is mounted. ``mounts`` are the folders
    in it where other file systems are mounted that list something. ``closed`` folders could not be
    listed. ``entries`` counts all that is listed but litter.
    """

    root: str
    device: int
    mount: str
    files: tuple[SeenFile, ...] = ()
    closed: frozenset[bytes] = frozenset()
    mounts: frozenset[bytes] = frozenset()
    entries: int = 0

    def is_beneath_closed(self, path: bytes) -> bool:
        """Whether a path lies in a folder that could not be listed: then nothing is known of it."""
        return any(folder in self.closed for folder in above(path))


def above(path: bytes) -> list[bytes]:
    """The folders that a path lies in, itself included."""
    parts = path.split(b"/")
    return [b"/".join(parts[:n]) for n in range(1, len(parts) + 1)]


def walk(root: str, selection: Selection) -> FolderLook:
    """A look at every folder beneath ``root``, without recursion: they may be nested deeply.

    Raises:
        RetryableError: the folder itself is not there; nothing may be concluded from that.
    """
    device, mount = _device_of(root)
    walk = _FolderWalk(root, selection)
    waiting = [(b"", device)]
    while waiting:
        waiting += walk.through(*waiting.pop())
    if b"" in walk.closed:
        raise unreachable(root)
    return FolderLook(
        root,
        device,
        mount,
        tuple(sorted(walk.files, key=lambda seen: seen.raw_path)),
        frozenset(walk.closed),
        frozenset(walk.mounts),
        walk.entries,
    )


class _FolderWalk:
    """A look at a folder that is going on: what it has come by so far, see :class:`FolderLook`."""

    def __init__(self, root: str, selection: Selection) -> None:
        self._base = os.fsencode(root)
        self._real = os.path.realpath(self._base)
        self._selection = selection
        self.files: list[SeenFile] = []
        self.closed: set[bytes] = set()
        self.mounts: set[bytes] = set()
        self.entries = 0

    def through(self, folder: bytes, device_above: int) -> list[tuple[bytes, int]]:
        """Note what is in a folder; returns the folders in it, each with the file system above."""
        try:
            entries, device = self._listed(folder)
        except OSError as error:
            self.closed.add(folder)
            self.files.append(SeenFile(folder, NOTHING, "unreadable", {"what": _said(error)}))
            return []
        count = sum(not is_litter(os.fsdecode(entry.name)) for entry in entries)
        self.entries += count
        if device != device_above and count:  # one that lists nothing may be no share but its place
            self.mounts.add(folder)
        inner = [self._met(entry, os.path.join(folder, entry.name)) for entry in entries]
        return [(path, device) for path in inner if path is not None]

    def _listed(self, folder: bytes) -> "tuple[list[os.DirEntry[bytes]], int]":
        path = os.path.join(self._base, folder)
        with os.scandir(path) as listing:
            entries = list(listing)
        return entries, os.stat(path).st_dev

    def _met(self, entry: "os.DirEntry[bytes]", path: bytes) -> bytes | None:
        """Note a file; returns the path where it is a folder to be looked into."""
        is_folder = _is_folder(entry)
        if is_folder is None:  # what lies beneath it, if it is one, is not known to be gone
            self.closed.add(path)
        if not (self._selection.enters(path) if is_folder else self._selection.takes(path)):
            return None
        if len(path) > LONGEST_PATH:
            self.closed.add(path)
            self.files.append(SeenFile(cut(path, LONGEST_PATH), NOTHING, "path_too_long"))
            return None
        if is_folder:
            return path
        self.files.append(_seen(entry, path, self._real))
        return None


def still_there(look: FolderLook) -> None:
    """Check that the share is there, before a file is believed to be missing or unreadable.

    Raises:
        RetryableError: the folder is gone, lists nothing any more, or is on another file system.
    """
    device, _ = _device_of(look.root)
    try:
        with os.scandir(look.root) as entries:
            empty = next(entries, None) is None
    except OSError as error:
        raise unreachable(look.root) from error
    if device != look.device or (empty and look.entries):
        raise unreachable(look.root)


def unreachable(root: str) -> RetryableError:
    """The error for a folder that is not there, or not as it was."""
    return RetryableError(
        f"The folder {root} is not there. Its documents stay as they are.",
        code="source_unreachable",
        detail={"path": root},
    )


def _device_of(root: str) -> tuple[int, str]:
    """The file system a folder is on, and where that is mounted.

    Raises:
        RetryableError: the folder is not there.
    """
    try:
        device = os.stat(os.path.join(root, "")).st_dev
        point = os.path.realpath(root)
        while point != "/" and os.stat(os.path.dirname(point)).st_dev == device:
            point = os.path.dirname(point)
    except OSError as error:
        raise unreachable(root) from error
    return device, point


def _is_folder(entry: "os.DirEntry[bytes]") -> bool | None:
    """Whether it is a folder; None where that cannot be told: a look at it as a file says why."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return None


def _said(error: OSError) -> str:
    return error.strerror or str(error)


def _seen(entry: "os.DirEntry[bytes]", path: bytes, real: bytes) -> SeenFile:
    try:
        status = entry.stat(follow_symlinks=True)
    except OSError as error:
        return SeenFile(path, NOTHING, "unreadable", {"what": _said(error)})
    stat = stat_of(status)
    target = None
    if entry.is_symlink():
        try:
            target = leads_to(real, path)
        except FileProblem as problem:
            return SeenFile(path, stat, problem.code, problem.detail)
    if not stat_module.S_ISREG(status.st_mode):
        return SeenFile(path, stat, "not_regular", target=target)
    return SeenFile(path, stat, target=target)


def snapshot(root: str, seen: SeenFile, target: Path, limit_mb: int) -> tuple[str, Stat]:
    """Copy a file that stands still; returns its SHA-256 and what the file system said of it.

    Raises:
        FileProblem: too large, unreadable, or written to meanwhile.
    """
    if seen.stat.bytes > limit_mb * 1024**2:
        raise FileProblem("too_large", limit=limit_mb)
    digest = hashlib.sha256()
    judged = seen.target or seen.raw_path
    with open_beneath(root, seen.raw_path, judged) as file, target.open("wb") as copy:
        with reading():
            before = os.fstat(file.fileno())
        left = limit_mb * 1024**2 + 1
        while left > 0 and (part := _part(file, min(left, 1024 * 1024))):
            digest.update(part)
            copy.write(part)
            left -= len(part)
        with reading():
            after = os.fstat(file.fileno())
    if left <= 0:
        raise FileProblem("too_large", limit=limit_mb)
    if stat_of(before) != stat_of(after):
        raise FileProblem("changed_while_reading")
    return digest.hexdigest(), stat_of(after)


def _part(file: BufferedReader, size: int) -> bytes:
    with reading():
        return file.read(size)


@contextmanager
def reading() -> Iterator[None]:
    """Turn the share's errors into the problem of the file that is read: our own disk is sound.

    Raises:
        FileProblem: the share did not give the file.
    """
    try:
        yield
    except OSError as error:
        raise FileProblem("unreadable", what=_said(error)) from error


def stat_of(status: os.stat_result) -> Stat:
    """Size and times (ns). The catalog holds those of 1678 to 2262: for others, the nearest."""
    times = (max(-LAST_NS, min(LAST_NS, t)) for t in (status.st_mtime_ns, status.st_ctime_ns))
    return Stat(status.st_size, *times)
