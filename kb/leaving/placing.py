"""The files of an import on their way to where they stay: a folder in the data directory.

Paths come from the export, and are taken for what they are only after a look: none leads out.
"""

import hashlib
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from kb.files import disk
from kb.files.blobs import ORIGINAL, Blobs
from kb.leaving.problems import damaged
from kb.text.pathnames import LONGEST, shown
from kb.types.files import Stat
from kb.types.leaving import LeftDocument

MEMBER = b"\0"


def path_of(document: LeftDocument) -> str:
    """A document's path for people; of a file it is made of its bytes.

    Raises:
        UsageError: its bytes are no path beneath a folder.
    """
    raw = document.raw_path
    outer = raw.split(MEMBER, 1)[0]
    is_member = document.parent is not None
    if is_member != (MEMBER in raw) or len(raw) > LONGEST:
        raise damaged(f"a path that is none ({document.path[:200]})", "data/documents.jsonl")
    if {b"", b".", b".."} & set(outer.split(b"/")):
        raise damaged(f"a path that leads elsewhere ({shown(outer)[:200]})", "data/documents.jsonl")
    return document.path if is_member else shown(raw)


def put_file(document: LeftDocument, folder: Path, root: Path) -> Stat:
    """Copy a file of an export to its path beneath its new root; its size and times there.

    Raises:
        UsageError: it cannot lie there.
        RetryableError: the disk is full or broken.
    """
    target = os.path.join(os.fsencode(root), document.raw_path)
    with disk.translated():
        try:
            disk.make_folders(Path(os.fsdecode(target)).parent)
            with (folder / str(document.file)).open("rb") as content, _new(target) as file:
                shutil.copyfileobj(content, file, 1 << 20)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise damaged(f"two files have one place ({document.path[:200]})") from error
        if document.mtime_ns is not None:
            os.utime(target, ns=(document.mtime_ns, document.mtime_ns))
        found = os.stat(target)
    return Stat(found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _new(target: bytes) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    return os.fdopen(os.open(target, flags, 0o600), "wb")


def put_member(document: LeftDocument, folder: Path, blobs: Blobs) -> Stat:
    """Keep the bytes of a file that came out of another one; raises as :func:`put_file`."""
    content = (folder / str(document.file)).read_bytes()
    key = document.content_hash or document.pending
    if key is None or hashlib.sha256(content).hexdigest() != key:
        raise damaged(f"a file is another than its line says ({document.path[:200]})")
    blobs.put(key, ORIGINAL, content)
    return Stat(len(content), 0, 0)
