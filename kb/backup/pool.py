"""The pool of a backup folder: each file once, by the SHA-256 of its bytes, whole or not there."""

import contextlib
import errno
import hashlib
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from kb.backup.manifest import PoolFile
from kb.errors import DamagedError

DRAFT = ".new-"
BLOCK = 1024 * 1024
"""Bytes that are read at once."""
NO_LINKS = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP}


class Pool:
    """The files of a pool. What it has is looked up once; one process writes at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[str, int] | None = None
        self._noting = threading.Lock()
        self.new_bytes = 0
        """Bytes that this object has written."""

    def path(self, sha256: str) -> Path:
        """Where a file is."""
        return self.root / sha256[:2] / sha256

    def sizes(self) -> dict[str, int]:
        """What is there, each with its size in bytes."""
        found: dict[str, int] = {}
        with contextlib.suppress(FileNotFoundError):
            for folder in self.root.glob("??"):
                with os.scandir(folder) as entries:
                    found |= {e.name: e.stat().st_size for e in entries}
        return found

    def holds(self, piece: PoolFile) -> bool:
        """Whether a file is there, and as long as it should be; its bytes are not read."""
        with self._noting:
            if self._known is None:
                self._known = self.sizes()
            return self._known.get(piece.sha256) == piece.bytes

    def _note(self, piece: PoolFile) -> PoolFile:
        with self._noting:
            if self._known is not None:
                self._known[piece.sha256] = piece.bytes
            self.new_bytes += piece.bytes
        return piece

    def adopt(self, path: Path) -> PoolFile:
        """Keep a file that nobody changes, as a second name of it where the disk allows that."""
        piece = _measured(path)
        if self.holds(piece):
            return piece
        place = self.path(piece.sha256)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            place.unlink(missing_ok=True)  # one of another length
            os.link(path, place)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            return self.add(blocks_of(path))
        self._known = None
        return piece

    def add(self, blocks: Iterable[bytes]) -> PoolFile:
        """Keep bytes durably; what is there already is not written a second time."""
        digest, size = hashlib.sha256(), 0
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.root / f"{DRAFT}{secrets.token_hex(8)}"
        try:
            with open(draft, "xb", opener=_private) as file:
                for block in blocks:
                    digest.update(block)
                    size += len(block)
                    file.write(block)
                piece = PoolFile(digest.hexdigest(), size)
                if self.holds(piece):
                    return piece
                file.flush()
                os.fsync(file.fileno())
            place = self.path(piece.sha256)
            place.parent.mkdir(exist_ok=True, mode=0o700)
            os.replace(draft, place)
        finally:
            draft.unlink(missing_ok=True)
        return self._note(piece)

    def read(self, piece: PoolFile) -> Iterator[bytes]:
        """The bytes of a file, checked: the last block comes when all are what they should be.

        Raises:
            DamagedError: it is not there, or is not what it was.
        """
        digest, size, last = hashlib.sha256(), 0, b""
        try:
            with open(self.path(piece.sha256), "rb") as file:
                while block := file.read(BLOCK):
                    digest.update(block)
                    size += len(block)
                    if last:
                        yield last
                    last = block
        except OSError as error:
            raise unreadable(self.path(piece.sha256), error.strerror or str(error)) from error
        if (digest.hexdigest(), size) != (piece.sha256, piece.bytes):
            raise unreadable(self.path(piece.sha256), "its bytes are not those that were written")
        if last:
            yield last

    def remove_others(self, wanted: set[str]) -> int:
        """Delete every file but these, and what was left half written; returns how many."""
        gone = 0
        for path in [*self.root.glob("??/*"), *self.root.glob(f"{DRAFT}*")]:
            if path.name not in wanted:
                path.unlink()
                gone += 1
        self._known = None
        return gone

    def sync(self) -> None:
        """Bring the names of new files to disk; their bytes are there already."""
        for folder in (self.root, *self.root.glob("??")):
            sync(folder)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def blocks_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file."""
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            yield block


def _measured(path: Path) -> PoolFile:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return PoolFile(digest.hexdigest(), file.tell())


def unreadable(path: Path, what: str) -> DamagedError:
    """The error for a damaged file of the pool."""
    return DamagedError(
        f"A file of the backup is damaged: {path} ({what}). Restore another backup with --at, or "
        "fetch this file from a copy of the folder.",
        code="backup_damaged",
        detail={"file": str(path)},
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
