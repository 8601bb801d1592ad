"""Files that people hand in through the page: stored whole or not at all, in a source of their own.

The names that they come with are shown, never trusted: the path in the folder is made here.
"""

import asyncio
import contextlib
import errno
import os
import tempfile
import time
import unicodedata
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from kb import access
from kb.auditing import noted
from kb.catalog import sources
from kb.catalog.database import Catalog
from kb.catalog.sources import UPLOADED, Following, Source
from kb.errors import ConflictError, RetryableError, UsageError
from kb.types import Principal

SOURCE = "Uploads"
UNFINISHED = ".upload-"
UNFINISHED_SECONDS = 86_400
LONGEST_NAME = 200
"""Bytes of a file name; file systems allow 255."""


class Uploads:
    """The folder of uploads of one data directory."""

    def __init__(self, catalog: Catalog, folder: Path, limit_mb: int) -> None:
        self._catalog = catalog
        self._folder = folder
        self._limit_mb = limit_mb

    def source(self, named: Sequence[str]) -> Source:
        """The source of uploads; the first file makes it, and says who may read it.

        Raises:
            UsageError: there is none yet, and nobody was named.
            NotFoundError: a group or a person that was named does not exist.
            ConflictError: it has other readers than these.
        """
        with self._catalog.writing() as connection:
            found = next((s for s in sources.all_of(connection) if s.following.uploads), None)
            if not named:
                if found is None:
                    raise UsageError(
                        "Say who may read the files that are handed in: everyone, or groups.",
                        code="readers_needed",
                    )
                return found
            readers = access.readers(connection, named)
            if found is None:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                following = Following(watch=False, uploads=True)
                return sources.add(connection, SOURCE, str(self._folder), readers, following)
            if set(found.readers) != set(readers):
                raise ConflictError(
                    "Files handed in have other readers here. Change them at the source.",
                    code="other_readers",
                    detail={"readers": access.in_words(connection, found.readers)},
                )
            return found

    async def store(
        self, source: Source, name: str, chunks: AsyncIterator[bytes], by: Principal
    ) -> str:
        """Store one file durably and ask for it to be read first; returns its path.

        Raises:
            UsageError: it has no name, is empty, or larger than allowed.
            RetryableError: the disk is full.
        """
        wanted = file_name(name)
        temporary = ""
        try:
            temporary, file = await asyncio.to_thread(self._begin)
            with file:
                await self._copy(chunks, file.write)
                path = await asyncio.to_thread(self._finish, file, temporary, wanted)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise RetryableError(
                "There is no room left on the disk; nothing was stored.", code="disk_full"
            ) from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        await self._catalog.write(self._handed_in, source, path, by)
        return path

    def _begin(self) -> tuple[str, BinaryIO]:
        """A new file, unfinished."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._forget_unfinished()
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix=UNFINISHED)
        return temporary, os.fdopen(descriptor, "wb")

    def _finish(self, file: BinaryIO, temporary: str, wanted: str) -> str:
        """Bring it to disk and give it its name."""
        file.flush()
        os.fsync(file.fileno())
        return _link_unused(temporary, self._folder, wanted)

    def _forget_unfinished(self) -> None:
        """Delete what a killed server left half stored."""
        for path in self._folder.glob(f"{UNFINISHED}*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > UNFINISHED_SECONDS:
                    path.unlink()

    async def _copy(self, chunks: AsyncIterator[bytes], write: Callable[[bytes], int]) -> None:
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            if size > self._limit_mb * 1024**2:
                raise UsageError(
                    f"The file is larger than {self._limit_mb} MB.",
                    code="too_large",
                    detail={"limit": self._limit_mb},
                )
            await asyncio.to_thread(write, chunk)
        if not size:
            raise UsageError("The file is empty; nothing was stored.", code="empty")

    def _handed_in(self, source: Source, path: str, by: Principal) -> None:
        with self._catalog.writing() as connection:
            sources.request_run(connection, source.id, UPLOADED)
            noted(connection, by, "upload", path)


def file_name(given: str) -> str:
    """A name that can stand in one folder, as near to the given one as is safe.

    Raises:
        UsageError: nothing is left of it.
    """
    last = unicodedata.normalize("NFC", given).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in last if c.isprintable()).strip().lstrip(".~ ")
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    while len(f"{stem}{dot}{suffix}".encode("utf-8", "replace")) > LONGEST_NAME and len(stem) > 1:
        stem = stem[:-1]
    name = f"{stem}{dot}{suffix}".encode("utf-8", "replace").decode()
    if not name or len(name.encode()) > LONGEST_NAME:
        raise UsageError("The file needs a name.", code="bad_name")
    return name


def _link_unused(temporary: str, folder: Path, name: str) -> str:
    """Give the finished file its name, or the next free one; never in place of another file."""
    stem, dot, suffix = name.rpartition(".")
    stem, ending = (stem, dot + suffix) if stem else (name, "")
    candidate, number = name, 2
    while True:
        try:
            os.link(temporary, folder / candidate)
        except FileExistsError:
            candidate, number = f"{stem} ({number}){ending}", number + 1
        else:
            return candidate
