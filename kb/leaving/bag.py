"""A BagIt bag (RFC 8493), version 1.0, as it is written: payload first, ``bagit.txt`` last.

Until ``bagit.txt`` is there a folder is no bag, whoever looks at it: one that was broken off at any
moment is not taken for a whole one.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from kb import failpoints
from kb.errors import UsageError
from kb.files import disk

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
BAGIT, INFO, MANIFEST, TAGS = (
    "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt",
)  # fmt: skip
UNFINISHED = "UNFINISHED.txt"
_UNFINISHED = b"""This export was broken off, or is still being written: it is not whole.
Where no `kb export` is running any more, delete this folder and export again.
"""


class Hashed:
    """A file of a bag that is being written, with its hash so far."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, content: bytes) -> None:
        """Write more of it."""
        self._file.write(content)
        self._hash.update(content)
        self.size += len(content)

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal."""
        return self._hash.hexdigest()


class Bag:
    """A bag in the making, in a folder that has nothing else.

    Raises:
        UsageError: there is something in the folder.
        RetryableError: the disk is full or broken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sizes: dict[str, int] = {}
        """Bytes of each file of the payload, by its path in the bag."""
        self._payload: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        with disk.translated():
            _make(folder)
            with _new(folder / UNFINISHED) as file:
                file.write(_UNFINISHED)

    @contextmanager
    def file(self, path: str) -> Iterator[Hashed]:
        """A new file of the bag: of the payload if its path begins with ``data/``, else a tag."""
        place = self.folder / path
        with disk.translated():
            disk.make_folders(place.parent)
            with _new(place) as file:
                hashed = Hashed(file)
                yield hashed
        if path.startswith("data/"):
            self._payload[path] = hashed.digest
            self.sizes[path] = hashed.size
        else:
            self._tags[path] = hashed.digest
        failpoints.reached("bag_file_written")

    def put(self, path: str, content: bytes) -> None:
        """A new file with this content."""
        with self.file(path) as file:
            file.write(content)

    def holds(self, path: str) -> bool:
        """Whether a file of the payload is there."""
        return path in self._payload

    def manifest(self, info: Iterable[tuple[str, str]]) -> None:
        """Write ``bag-info.txt``, with ``Payload-Oxum``, and the manifests."""
        oxum = f"{sum(self.sizes.values())}.{len(self.sizes)}"
        lines = [*info, ("Payload-Oxum", oxum)]
        self.put(INFO, "".join(f"{name}: {value}\n" for name, value in lines).encode())
        self.put(MANIFEST, _lines(self._payload))
        tags = {**self._tags, BAGIT: hashlib.sha256(DECLARATION).hexdigest()}
        self.put(TAGS, _lines(tags))
        failpoints.reached("bag_listed")

    def close(self) -> None:
        """Bring all of it to disk, then say that it is a bag."""
        with disk.translated():
            os.sync()
            failpoints.reached("bag_synced")
            (self.folder / UNFINISHED).unlink()
            half = self.folder / f".{BAGIT}"
            with _new(half) as file:
                file.write(DECLARATION)
                file.flush()
                os.fsync(file.fileno())
            os.rename(half, self.folder / BAGIT)
            descriptor = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _new(path: Path) -> BinaryIO:
    """A new file, for this user alone."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _make(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        there = next(folder.iterdir(), None)
    except (FileExistsError, NotADirectoryError) as error:
        raise _not_empty(folder) from error
    except PermissionError as error:
        raise UsageError(
            "The folder {folder} cannot be written to.", code="folder_closed",
            detail={"folder": str(folder)},
        ) from error  # fmt: skip
    if there is not None:
        raise _not_empty(folder)


def _not_empty(folder: Path) -> UsageError:
    return UsageError(
        "An export needs a new folder or an empty one, and {folder} is neither.",
        code="folder_not_empty",
        detail={"folder": str(folder)},
    )


def _lines(hashes: Mapping[str, str]) -> bytes:
    """Lines of a manifest. No path that is written here has a character to be escaped."""
    return "".join(f"{hashes[path]}  {path}\n" for path in sorted(hashes)).encode()
