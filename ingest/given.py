"""What people give for a source: its name, and how it is to be followed."""

from dataclasses import replace
from typing import Any

from cronsim import CronSim, CronSimError

from ingest.finding.selection import Selection
from kb.clock import local_now
from kb.errors import UsageError
from kb.types.library import Following


def changed(following: Following, given: dict[str, Any]) -> Following:
    """How a source is followed with a command line's options applied; an empty text removes one.

    Raises:
        UsageError: a schedule or a pattern is malformed.
    """
    named = {k: v for k, v in given.items() if v is not None and v != ()}
    for name in ("include", "exclude"):
        if name in named:
            named[name] = tuple(p for p in named[name] if p)
    for name in ("schedule", "shown_as", "languages"):
        if named.get(name) == "":
            named[name] = None
    result = replace(following, **named)
    check_following(result)
    return result


def check_following(following: Following) -> None:
    """Check a schedule and patterns.

    Raises:
        UsageError: one of them is malformed.
    """
    Selection(following.include, following.exclude)
    if following.schedule is None:
        return
    try:
        CronSim(following.schedule, local_now())
    except CronSimError as error:
        raise UsageError(
            "“{schedule}” is not a cron schedule: minute, hour, day, month, weekday, as in 0 2 * "
            "* *.",
            code="bad_schedule",
            detail={"schedule": following.schedule, "reason": str(error)},
        ) from error
