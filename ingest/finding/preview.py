"""A look at a folder before it is followed: how many files, of which kinds, how long to read."""

import os
import time
from collections import Counter
from pathlib import PurePosixPath
from typing import Any

from ingest.finding import roots
from ingest.finding.selection import Selection

LOOK_SECONDS = 3.0
"""Seconds after which the look at a large tree is cut short."""
SECONDS_PER_FILE = 0.03
"""Seconds that a file takes beside what its bytes take; measured with the next one."""
SECONDS_PER_MEGABYTE = 4.5
"""Seconds that reading a megabyte takes on two cores, roughly. Measured (docs/benchmarks.md):
10,000 small files 275 s, 25 filings (20 MB of PDF) 110 to 120 s, the mixed collection of 377 files
and 20 MB 85 s."""
SHOWN_KINDS = 6
"""Kinds of files that are told, the most frequent first."""


def preview(path: str, allowed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Count what is in a folder.

    Raises:
        UsageError: it is not a folder that may be followed.
    """
    root = roots.check(path, allowed)
    selection = Selection()
    kinds: Counter[str] = Counter()
    size, deadline, complete = 0, time.monotonic() + LOOK_SECONDS, True
    for folder, folders, names in os.walk(os.fsencode(root)):
        inside = os.path.relpath(folder, os.fsencode(root))
        folders[:] = [
            f for f in folders if selection.enters(os.path.normpath(os.path.join(inside, f)))
        ]
        for name in names:
            if selection.takes(name):
                kinds[PurePosixPath(os.fsdecode(name)).suffix.lower().lstrip(".") or "–"] += 1
                size += _size(os.path.join(folder, name))
        if time.monotonic() > deadline:
            complete = False
            break
    count = kinds.total()
    return {
        "path": str(root),
        "files": count,
        "bytes": size,
        "kinds": dict(kinds.most_common(SHOWN_KINDS)),
        "complete": complete,
        "seconds": round(count * SECONDS_PER_FILE + size / 1e6 * SECONDS_PER_MEGABYTE),
    }


def _size(path: bytes) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
