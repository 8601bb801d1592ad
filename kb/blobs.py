"""Blobs: compressed bytes by key, in the data directory. Reached through a document only."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import zstandard

from kb import disk, failpoints
from kb.errors import KbError

ELEMENTS, ORIGINAL = "elements", "original"
"""Kinds of values: a parsed document, by file and parser; a member's or an upload's own bytes."""


class Blobs:
    """A folder of immutable values; a key is a hash and a kind."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, kind: str, content: bytes) -> None:
        """Store a value durably; storing it twice does nothing.

        Raises:
            RetryableError: the disk is full or broken.
        """
        with disk.translated():
            self._put(key, kind, content)
        failpoints.reached("blob_written")

    def _put(self, key: str, kind: str, content: bytes) -> None:
        path = self._path(key, kind)
        if self.holds(key, kind):
            self.renew(key, kind)
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        packed = zstandard.ZstdCompressor(level=3).compress(content)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(packed)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def renew(self, key: str, kind: str) -> None:
        """Make a value young again: somebody is about to refer to it."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._path(key, kind))

    def get(self, key: str, kind: str) -> bytes | None:
        """A value, or None where it is not stored.

        Raises:
            KbError: it is stored but damaged.
        """
        try:
            packed = self._path(key, kind).read_bytes()
        except FileNotFoundError:
            return None
        try:
            return zstandard.ZstdDecompressor().decompress(packed)
        except zstandard.ZstdError as error:
            raise KbError(f"A stored {kind} is damaged: {error}.", code="blob_damaged") from error

    def holds(self, key: str | None, kind: str) -> bool:
        """Whether a value is stored and whole."""
        try:
            return key is not None and self.get(key, kind) is not None
        except KbError:
            return False

    def forget(self, key: str, kind: str) -> bool:
        """Delete a value; returns whether it was there."""
        try:
            self._path(key, kind).unlink()
        except FileNotFoundError:
            return False
        return True

    def files(self) -> Iterator[Path]:
        """Every value's file, unfinished ones included."""
        for folder in sorted(self._root.glob("??")):
            yield from folder.iterdir()

    @staticmethod
    def key_of(path: Path) -> str:
        """The key of a value's file; that of an unfinished one is nobody's."""
        return path.name.partition(".")[0]

    def _path(self, key: str, kind: str) -> Path:
        return self._root / key[:2] / f"{key}.{kind}"
