"""Room on the disk: checked before it runs out, and an error of ours when it has."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb.errors import RetryableError

FULL = {errno.ENOSPC, errno.EDQUOT}
"""What the system says when there is no room."""
BROKEN = FULL | {errno.EIO, errno.EROFS}
"""What it says when a disk takes nothing that is written."""


def check_room(folder: Path, least_mb: int) -> None:
    """Check that a folder's disk has room left to read, search and clear up.

    Raises:
        RetryableError: less than ``least_mb`` is free.
    """
    free = shutil.disk_usage(folder).free // 1024**2
    if free < least_mb:
        raise RetryableError(
            f"Only {free} MB are free where the data directory is; reading files is paused until "
            f"there are {least_mb} (ingest.min_free_mb). Searching goes on.",
            code="disk_full",
            detail={"free_mb": free, "least_mb": least_mb},
        )


def make_folders(folder: Path) -> None:
    """Make a folder and those above it that are not there, for this user alone."""
    if not folder.is_dir():
        make_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of a full or broken disk into ours.

    Raises:
        RetryableError: the disk is full, or does not take what is written; a later try may work.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in BROKEN:
            raise
        code = "disk_full" if error.errno in FULL else "disk_error"
        raise RetryableError(
            f"The disk does not take more: {error.strerror}.", code=code
        ) from error
