"""A source's schedule in a form: the usual ones by a menu, any other as cron has it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from kb.errors import UsageError

HOURLY, DAILY, WEEKDAYS, WEEKLY, CRON = "hourly", "daily", "weekdays", "weekly", "cron"
NIGHT = "02:00"
TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::00)?")


def in_form(schedule: str | None) -> dict[str, str]:
    """What the fields show: ``often`` (empty: on request), ``time``, ``day`` (1: Monday), cron."""
    shown = {"often": "", "time": NIGHT, "day": "1", "schedule": schedule or ""}
    if not schedule:
        return shown
    minute, hour, day, month, weekday = (schedule.split() + [""] * 5)[:5]
    at = f"{hour:0>2}:{minute:0>2}"
    if [minute, hour, day, month, weekday] == ["0", *"****"]:
        return shown | {"often": HOURLY}
    if not TIME.fullmatch(at) or [day, month] != ["*", "*"] or len(schedule.split()) != 5:
        return shown | {"often": CRON}
    if weekday == "*":
        return shown | {"often": DAILY, "time": at}
    if weekday.lower() in {"1-5", "mon-fri"}:
        return shown | {"often": WEEKDAYS, "time": at}
    if weekday in {*"01234567"}:
        return shown | {"often": WEEKLY, "time": at, "day": str(int(weekday) % 7)}
    return shown | {"often": CRON}


def in_words(schedule: str, gettext: Callable[[str], str], weekdays: Mapping[str, str]) -> str:
    """A schedule in words, where it is one of the usual ones; else as cron has it.

    ``weekdays``: the days' names by cron's number, 0 to 6.
    """
    shown = in_form(schedule)
    if shown["often"] == DAILY:
        return gettext("every day at {time}").format(time=shown["time"])
    if shown["often"] == WEEKDAYS:
        return gettext("on weekdays at {time}").format(time=shown["time"])
    if shown["often"] == WEEKLY:
        day = weekdays[shown["day"]]
        return gettext("every week on {day} at {time}").format(day=day, time=shown["time"])
    minute, _, rest = schedule.partition(" ")
    if minute.isdigit() and rest.split() == [*"****"]:
        return gettext("every hour at minute {minute}").format(minute=minute)
    return schedule


def of_form(form: Any) -> str | None:
    """The schedule that the fields say, as cron has it; None: on request alone.

    A form without the menu, as programs send it, has cron's words alone.

    Raises:
        UsageError: no time of day, or nothing that cron would take.
    """
    often, typed = str(form.get("often", CRON)), str(form.get("schedule", "")).strip()
    if often == HOURLY:
        return "0 * * * *"
    if often == CRON:
        if not typed and "often" in form:
            raise UsageError("Say when, as cron has it: 0 2 * * *.", code="bad_schedule")
        return typed or None
    if often not in {DAILY, WEEKDAYS, WEEKLY}:
        return None
    day = str(form.get("day", "1"))
    weekday = {DAILY: "*", WEEKDAYS: "1-5"}.get(often, day if day in {*"0123456"} else "1")
    return f"{_time(str(form.get('time', '')))} * * {weekday}"


def _time(typed: str) -> str:
    """Minute and hour, as cron has them."""
    found = TIME.fullmatch(typed.strip())
    if found is None:
        raise UsageError(
            "“{time}” is no time of day like 02:00.", code="bad_time", detail={"time": typed[:20]}
        )
    return f"{int(found[2])} {int(found[1])}"
