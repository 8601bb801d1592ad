"""The clock on the wall: this machine's time zone, with its rules for summer time.

``datetime.astimezone()`` gives an offset that never changes: of no use for what is due tomorrow.
"""

import os
from datetime import datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

LOCALTIME = Path("/etc/localtime")


def local_now() -> datetime:
    """The time of this machine, in a zone that knows when its clocks change."""
    return datetime.now(_zone(os.environ.get("TZ")))


@lru_cache(maxsize=8)
def _zone(name: str | None) -> tzinfo | None:
    """The zone that ``TZ`` names (tzset(3)), else the system's; None where neither can be read."""
    wanted = (name or "").removeprefix(":")
    try:
        if wanted.startswith("/"):
            return _from_file(Path(wanted))
        if wanted:
            return ZoneInfo(wanted)
        if name is None and LOCALTIME.exists():
            return _from_file(LOCALTIME)
    except (OSError, ValueError):  # a rule in POSIX's syntax, or no such zone: a fixed offset
        pass
    return datetime.now().astimezone().tzinfo


def _from_file(path: Path) -> ZoneInfo:
    with path.open("rb") as file:
        return ZoneInfo.from_file(file, key=str(path))
