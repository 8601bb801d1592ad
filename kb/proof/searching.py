"""Searching every file of the data directory for marks of what was erased.

A stored value is unpacked first. What is found in the value of a document that was not erased is
that document's own.
"""

import logging
import os
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import zstandard

from kb.catalog import stored
from kb.catalog.database import Catalog
from kb.errors import RetryableError
from kb.files.blobs import Blobs
from kb.proof.marks import LONGEST, Finder
from kb.types.purges import Marks, PlaceLook

BLOCK = 8 * 1024**2
"""Bytes of a file that are searched at a time."""
LOGS = "logs"
MODELS = "models"
"""Folder of weights, which come from elsewhere."""
ZIP, ZSTD = b"PK\x03\x04", b"\x28\xb5\x2f\xfd"
log = logging.getLogger("kb.proof")


class Searcher:
    """Searches the files of one data directory."""

    def __init__(self, catalog: Catalog, blobs: Blobs, data: Path, marks: Marks) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._data = data
        self._finder = Finder(marks)
        self._bytes = 0

    def look(self) -> PlaceLook:
        """Every byte of every file, but of models; engines' logs with a mark are emptied."""
        found, elsewhere = [], set()
        for path in self._files():
            kinds = sorted(self._kinds_in(path))
            if kinds and path.parent == self._data / LOGS:
                os.truncate(path, 0)
            elif kinds and (owners := self._owners(path)):
                elsewhere |= owners
            elif kinds:
                found.append(f"{path.relative_to(self._data)} ({', '.join(kinds)})")
        return PlaceLook(
            "every byte of the data directory", self._bytes, "bytes", found, sorted(elsewhere)
        )

    def _files(self) -> Iterator[Path]:
        for folder, inner, names in os.walk(self._data, onerror=_unread):
            inner[:] = sorted(n for n in inner if Path(folder, n) != self._data / MODELS)
            for name in sorted(names):
                path = Path(folder, name)
                if path.is_file() and not path.is_symlink():
                    yield path

    def _kinds_in(self, path: Path) -> set[str]:
        found: set[str] = set()
        try:
            for block in self._contents(path):
                found |= {mark.kind for mark in self._finder.found_in(block)}
        except FileNotFoundError:  # it went meanwhile, as temporary files do
            return set()
        except OSError as error:
            error.filename = error.filename or str(path)
            _unread(error)
        return found

    def _contents(self, path: Path) -> Iterator[bytes]:
        """The bytes of a file in blocks that overlap; what is packed is unpacked as well."""
        with path.open("rb") as file:
            before, head = b"", file.read(len(ZIP))
            file.seek(0)
            while block := file.read(BLOCK):
                self._bytes += len(block)
                yield before + block
                before = block[-LONGEST:]
        yield from _unpacked(path, head)

    def _owners(self, path: Path) -> set[int]:
        """Documents that refer to a stored value, by whose file it is."""
        if not path.is_relative_to(self._data / "blobs"):
            return set()
        with self._catalog.reading() as connection:
            return stored.owners(connection, self._blobs.key_of(path))


def _unread(error: OSError) -> None:
    """Where nobody can look, nobody can say that nothing is there.

    Raises:
        RetryableError: always, unless it went meanwhile.
    """
    if not isinstance(error, FileNotFoundError):
        raise RetryableError(
            f"{error.filename} cannot be looked through: {error.strerror}. Give this account the "
            "right to read it, and do the same again.",
            code="erasure_unread",
        ) from error


def _unpacked(path: Path, head: bytes) -> Iterator[bytes]:
    """What is in a packed file; one that cannot be unpacked was looked at as it is."""
    try:
        if head == ZSTD:
            content = zstandard.ZstdDecompressor().decompress(path.read_bytes())
            yield content
            yield from _members(content)
        elif head == ZIP:
            yield from _members(path.read_bytes())
    except (zstandard.ZstdError, MemoryError) as error:
        log.warning("%s cannot be unpacked: %s", path.name, error)


def _members(content: bytes) -> Iterator[bytes]:
    if content[: len(ZIP)] != ZIP:
        return
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for member in archive.infolist():
                if member.file_size <= BLOCK * 8:
                    yield archive.read(member)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
        log.warning("an archive cannot be unpacked: %s", error)
