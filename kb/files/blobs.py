"""Blobs: values (compressed bytes) by key, in the data directory; reached through a document only.

Every value carries a checksum (zstd's own). The key of an original is the hash of its bytes, which
is compared as well: a single bit that the disk lost is seen.
"""

import contextlib
import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import zstandard

from kb import failpoints
from kb.errors import DamagedError, KbError
from kb.files import disk

log = logging.getLogger("kb.blobs")
ELEMENTS, ORIGINAL = "elements", "original"
"""Kinds of values: what was parsed of a file, and the file's own bytes (a member's or an
upload's)."""
ASIDE = ".old-"
"""Prefix of a file that is about to be deleted. One that a crash has left is nobody's value."""


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
        if self.holds(key, kind) and self.renew(key, kind):
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        packed = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(content)
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

    def renew(self, key: str, kind: str) -> bool:
        """Make a value young again, since somebody is about to refer to it; whether it is there."""
        try:
            os.utime(self._path(key, kind))
        except FileNotFoundError:
            return False
        return True

    def get(self, key: str, kind: str) -> bytes | None:
        """A value, or None where it is not stored.

        Raises:
            DamagedError: it is stored but damaged.
            RetryableError: the disk does not give it.
        """
        try:
            with disk.translated():
                packed = self._path(key, kind).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise damaged(key, kind, error) from error
        try:
            content = zstandard.ZstdDecompressor().decompress(packed, allow_extra_data=False)
        except (zstandard.ZstdError, MemoryError) as error:
            raise damaged(key, kind, error) from error
        if kind == ORIGINAL and hashlib.sha256(content).hexdigest() != key:
            raise damaged(key, kind, "another content")
        return content

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

    def expire(self, path: Path, before: float) -> bool:
        """Delete a value's file, unless it was renewed after ``before``; returns whether it went.

        It is put aside and looked at once more: whoever stores the value from then on finds none
        and writes it anew, and who renewed it before that is seen.
        """
        aside = path.with_name(f"{ASIDE}{path.name}")
        try:
            if path.stat().st_mtime > before:
                return False
            os.rename(path, aside)
            if aside.stat().st_mtime <= before:
                aside.unlink()
                return True
            with contextlib.suppress(FileExistsError):  # it was written anew: the same value
                os.link(aside, path)
            aside.unlink()
        except FileNotFoundError:
            log.debug("%s is gone already", path)
        return False

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


def damaged(key: str, kind: str, what: object) -> DamagedError:
    """The error for a damaged value, with what heals it."""
    log.warning("the stored %s %s is damaged: %s", kind, key, what)
    return DamagedError(
        f"What is stored of this file ({kind}) is damaged. Have it read again with: "
        "kb check --repair",
        code="blob_damaged",
        detail={"kind": kind},
    )
