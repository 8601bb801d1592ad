"""Schedules, on the days when clocks change. What is right is worked out minute by minute."""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ingest.following import scheduler
from ingest.following.due import is_due, last_due, next_due
from kb import clock
from kb.types.library import Following, Source

STEP = 5
"""Minutes. Every change of clocks here is at a full or half hour."""
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),  # 02:00 to 03:00
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),  # 03:00 to 02:00
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),  # half an hour
    ("Australia/Lord_Howe", datetime(2026, 10, 3, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 3, 8, tzinfo=UTC)),  # midnight is leapt over
    ("America/Havana", datetime(2026, 11, 1, tzinfo=UTC)),  # midnight comes twice
    ("UTC", datetime(2026, 3, 29, tzinfo=UTC)),
]


def source(schedule: str, started: float | None = None) -> Source:
    return Source(
        1,
        "s",
        "/",
        Following(schedule=schedule),
        False,
        (),
        0.0,
        None,
        0,
        started,
        None,
        None,
        None,
    )


def minutes(begin: datetime, days: int, zone: ZoneInfo) -> list[datetime]:
    count = days * 24 * 60
    return [(begin + timedelta(minutes=n)).astimezone(zone) for n in range(0, count, STEP)]


def once_a_day(walls: list[datetime], hour: int, minute: int) -> list[float]:
    """Each day's first minute whose wall clock shows the time, or has leapt over it."""
    found: dict[object, float] = {}
    for before, now in zip(walls, walls[1:], strict=False):
        wanted = now.replace(tzinfo=None, hour=hour, minute=minute, fold=0)
        was = before.replace(tzinfo=None)
        if was < wanted <= now.replace(tzinfo=None) and now.date() not in found:
            found[now.date()] = now.timestamp()
    return sorted(found.values())


@pytest.mark.case("N28")
@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize(("hour", "minute"), [(2, 30), (0, 0), (0, 30), (3, 0)])
def test_a_daily_job_runs_once_where_clocks_change(zone, day, hour, minute):
    """A job at 02:30 runs once a day in both directions, and "next run" says when."""
    walls = minutes(day - timedelta(days=1), 3, ZoneInfo(zone))
    wanted = once_a_day(walls, hour, minute)
    schedule = f"{minute} {hour} * * *"
    began, runs = walls[0].timestamp(), []
    for wall in walls[1:]:
        if is_due(source(schedule, began), wall):
            began = wall.timestamp()
            runs.append(began)
    assert runs == wanted
    for wall in walls[1::7]:
        coming = [t for t in wanted if t > wall.timestamp()]
        if coming:
            assert next_due(source(schedule), wall) == coming[0]
        gone = [t for t in wanted if t <= wall.timestamp()]
        if gone:
            assert last_due(source(schedule), wall) == gone[-1]


@pytest.mark.case("N28")
@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize(("schedule", "at"), [("*/30 * * * *", {0, 30}), ("15 * * * *", {15})])
def test_what_goes_by_the_hour_goes_on_by_the_hour(zone, day, schedule, at):
    """A job of every hour misses none and doubles none."""
    walls = minutes(day - timedelta(hours=12), 2, ZoneInfo(zone))
    wanted = [w.timestamp() for w in walls[1:] if w.minute in at]
    began, runs = walls[0].timestamp(), []
    for wall in walls[1:]:
        if is_due(source(schedule, began), wall):
            began = wall.timestamp()
            runs.append(began)
    assert runs == wanted


@pytest.mark.case("N28")
@pytest.mark.parametrize("zone", ["Europe/Berlin", ":America/New_York"])
def test_this_machines_clock_knows_when_it_changes(zone):
    """Half a year from now the time is told with that day's offset, as date(1) tells it."""
    code = (
        "from datetime import datetime; from kb.clock import local_now; now = local_now();"
        "stamps = [now.timestamp() + 91 * 86400 * n for n in range(4)];"
        "print(*(datetime.fromtimestamp(t, now.tzinfo).strftime(f'{t:.0f}%z') for t in stamps))"
    )
    env = {"TZ": zone, "PATH": "/usr/bin:/bin"}
    said = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    ).stdout.split()
    for told in said:
        shown = subprocess.run(
            ["date", "-d", f"@{told[:-5]}", "+%s%z"],
            env=env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert told == shown.stdout.strip()
    assert len({told[-5:] for told in said}) == 2


@pytest.mark.case("N28")
@pytest.mark.parametrize("name", ["UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "No/Where", "Europe", "/"])
def test_a_zone_that_has_no_file_is_read_as_the_system_reads_it(name, monkeypatch):
    """A rule in POSIX's syntax among them, whose offset is another half a year later."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return moment if tz is None else moment.astimezone(tz)

    monkeypatch.setenv("TZ", name)
    monkeypatch.setattr(clock, "datetime", Clock)
    time.tzset()
    try:
        for moment in (datetime(2026, 1, 15, 12), datetime(2026, 7, 15, 12)):
            shown = subprocess.run(
                ["date", "-d", str(moment), "+%z"],
                env={"TZ": name, "PATH": "/usr/bin:/bin"},
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            assert clock.local_now().strftime("%z") == shown.stdout.strip()
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.case("N05")
async def test_the_scheduler_outlives_what_nobody_expected(monkeypatch):
    """One tick met what is not ours; the next one comes all the same."""
    ticks = []

    async def tick(_self, _at) -> None:
        ticks.append(True)
        raise ValueError("a schedule of another world")

    monkeypatch.setattr(scheduler, "HOUSEKEEPING_SECONDS", 0.0)
    monkeypatch.setattr(scheduler, "TICK_SECONDS", 0.0)
    monkeypatch.setattr(scheduler.Scheduler, "tick", tick)
    task = asyncio.create_task(scheduler.Scheduler(None, None, None, 0.0).forever())
    while len(ticks) < 3 and not task.done():
        await asyncio.sleep(0.01)
    task.cancel()
    assert len(ticks) >= 3
