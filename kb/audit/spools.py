"""The spools of a folder: a process takes one that nobody holds, or makes its own."""

import contextlib
import errno
import fcntl
import logging
import os
import struct
import time
import uuid
from pathlib import Path

from kb.audit.spool import FILE, FILE_MAGIC, HEADER, FullError, Spool, aligned, checksum

MOST_FILES = 256
"""Most spools in one folder: one a process that notes."""
DRAFT_SECONDS = 3600.0
"""Seconds after which a file that is only half made is deleted: whoever made it is gone."""
LEAST = 1024**2
"""Bytes of the smallest spool: a few of the largest looks."""
log = logging.getLogger("kb.spool")


def open_one(folder: Path, capacity: int) -> Spool:
    """A file for this process: one that nobody holds, or a new one with ``capacity`` bytes.

    On a disk that has not so much left it is smaller, down to ``LEAST`` bytes.

    Raises:
        FullError: none can be had.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear_drafts(folder)
        for path in left_by_others(folder):
            if (found := taken_over(path)) is not None:
                return found
        for number in range(MOST_FILES):
            path = folder / f"spool-{number}"
            if not path.exists() and (found := _made_as_it_fits(path, capacity)) is not None:
                return found
    except OSError as error:
        raise FullError(f"{folder} takes no spool: {error}.") from error
    raise FullError(f"{folder} has {MOST_FILES} spools in use.")


def _clear_drafts(folder: Path) -> None:
    """Files whose process was killed while it made them."""
    for path in folder.glob(".draft-*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - DRAFT_SECONDS:
                path.unlink()


def left_by_others(folder: Path) -> list[Path]:
    """Every file of the folder, held or not."""
    return sorted(folder.glob("spool-*"))


def waiting_in(folder: Path) -> int:
    """How many records wait in a folder's files, whoever holds them: about, while they work."""
    total = 0
    for path in left_by_others(folder):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            log.warning("a spool cannot be opened: %s", error)
            continue
        try:
            total += Spool(descriptor, path).count
        except (FullError, OSError, struct.error) as error:
            log.warning("a spool cannot be read: %s", error)
        finally:
            os.close(descriptor)
    return total


def taken_over(path: Path) -> Spool | None:
    """The file, where nobody holds it and it is whole, and ours."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:  # of another user's process: it holds up no other file
        log.warning("a spool cannot be opened: %s", error)
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Spool(descriptor, path)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except (FullError, OSError, struct.error) as error:
        os.close(descriptor)
        log.error("a spool cannot be read, and is left as it is: %s", error)  # noqa: TRY400 -- no bug
        return None


def _made_as_it_fits(path: Path, capacity: int) -> Spool | None:
    try:
        return _made(path, capacity)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT} or capacity < 2 * LEAST:
            raise
        return _made_as_it_fits(path, capacity // 2)


def _made(path: Path, capacity: int) -> Spool | None:
    """A new file, with its space; it appears under its name when it is whole."""
    capacity = aligned(capacity)
    name = uuid.uuid4().hex.encode()
    draft = path.with_name(f".draft-{uuid.uuid4().hex}")
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.posix_fallocate(descriptor, 0, HEADER + capacity)
        check = checksum(name, capacity.to_bytes(8, "little"))
        os.pwrite(descriptor, FILE.pack(FILE_MAGIC, name, capacity, check), 0)
        os.fsync(descriptor)
        os.link(draft, path)
        return Spool(descriptor, path)
    except FileExistsError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    finally:
        with contextlib.suppress(OSError):
            os.unlink(draft)
