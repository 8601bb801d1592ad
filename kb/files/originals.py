"""A document's original file: opened beneath its source's root, and only if it is the version's."""

import hashlib
import os
from io import BufferedReader
from pathlib import Path

import msgspec

from kb.errors import FileProblem
from kb.files.blobs import ELEMENTS, ORIGINAL, Blobs, damaged
from kb.types.library import Document
from kb.types.parsed import Parsed


def beneath(path: bytes, root: bytes) -> bool:
    """Whether a resolved path is a folder or something in it."""
    return path == root or path.startswith(root.rstrip(b"/") + b"/")


def leads_to(root: bytes, raw_path: bytes) -> bytes:
    """Where a path of a source leads when its links are followed, seen from the source's root.

    Raises:
        FileProblem: out of the root; or a step of the way cannot be looked at.
    """
    try:
        path = os.path.realpath(os.path.join(root, raw_path), strict=True)
    except OSError as error:  # a link that cannot be read is not known to be none
        raise FileProblem("unreadable", what=error.strerror or str(error)) from error
    if not beneath(path, root):
        raise FileProblem("symlink_outside")
    return path[len(root) :].lstrip(b"/")


def open_beneath(root: str, raw_path: bytes, target: bytes | None = None) -> BufferedReader:
    """Open a file of a source for reading, never outside its root.

    ``target`` is where the path has to lead; None: anywhere beneath the root.

    Raises:
        FileProblem: it cannot be opened, leads out, or leads elsewhere by now.
    """
    base = os.path.realpath(os.fsencode(root))
    path = leads_to(base, raw_path)
    if target is not None and path != target:
        raise FileProblem("changed_while_reading")
    try:
        return os.fdopen(_descend(base, path.split(b"/")), "rb")
    except OSError as error:
        raise FileProblem("unreadable", what=error.strerror or str(error)) from error


def _descend(base: bytes, parts: list[bytes]) -> int:
    """Open folder by folder, following no link: one put in the way meanwhile leads nowhere."""
    folder = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.open(parts[-1], flags, dir_fd=folder)
    finally:
        os.close(folder)


def read(document: Document, blobs: Blobs, limit_mb: int) -> bytes | None:
    """The bytes of a document's current version; None where the file has changed or is gone."""
    if document.parent_id is not None:
        return blobs.get(document.content_hash, ORIGINAL) if document.content_hash else None
    try:
        with open_beneath(document.root, document.raw_path) as file:
            content = file.read(limit_mb * 1024**2 + 1)
    except FileProblem:
        return None
    return content if hashlib.sha256(content).hexdigest() == document.content_hash else None


def elements(document: Document, blobs: Blobs) -> Parsed | None:
    """What was read of a document's current version; None where it has none.

    Raises:
        DamagedError: it is stored but damaged.
    """
    key = document.blob
    content = blobs.get(key, ELEMENTS) if key and document.version else None
    if not key or not content:
        return None
    try:
        return msgspec.msgpack.decode(content, type=Parsed)
    except msgspec.DecodeError as error:  # one from before values had a checksum
        raise damaged(key, ELEMENTS, error) from error


def download_name(path: str) -> str:
    """The last part of a path, for a download."""
    return Path(path.rpartition(" › ")[2]).name or "document"
