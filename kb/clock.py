"""The clock on the wall: this machine's time zone, with its rules for summer time; and schedules.

A schedule is by this clock. Where clocks change, cron(8) of Debian shows the way: a time that the
clock leaps over comes at the end of the leap, one that comes twice is taken once (the first), and
what goes by hours or minutes (a star in either field) goes on by real hours.

``datetime.astimezone()`` gives an offset that never changes: of no use for what is due tomorrow.
"""

import os
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim

LOCALTIME = Path("/etc/localtime")
LONGEST_LEAP = timedelta(hours=3)
"""The most by which a clock is ever changed. Near a change, local times may be in another order
than UTC; so a search begins this far away, and compares in UTC."""


def local_now() -> datetime:
    """The time of this machine, in a zone that knows when its clocks change.

    Where ``TZ`` has a rule in POSIX's syntax, or names no zone, the system's own reading of it is
    taken: the offset of this moment.
    """
    zone = _zone(os.environ.get("TZ"))
    return datetime.now().astimezone() if zone is None else datetime.now(zone)


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
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return None
    return None


def _from_file(path: Path) -> ZoneInfo:
    with path.open("rb") as file:
        return ZoneInfo.from_file(file, key=str(path))


def nearest(schedule: str, at: datetime, *, past: bool) -> float | None:
    """The last time of a schedule up to ``at``, or the first after it (Unix seconds).

    None: there is none.
    """
    now, moment = at.timestamp(), at.astimezone(UTC)
    offsets = {(moment + n * LONGEST_LEAP).astimezone(at.tzinfo).utcoffset() for n in (-1, 0, 1)}
    away = LONGEST_LEAP if len(offsets) > 1 else timedelta(seconds=1)
    start = (moment + away if past else moment - away).astimezone(at.tzinfo)
    times = (t.timestamp() for t in CronSim(schedule, start, reverse=past))
    return next((t for t in times if (t <= now if past else t > now)), None)
