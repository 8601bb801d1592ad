"""When a source is due: by its schedule, as the sweep of a watched folder, or on request. Pure."""

from datetime import datetime

from kb.clock import nearest
from kb.types.library import Source

FIRST_WAIT, LONGEST_WAIT = 15.0, 600.0
"""Seconds from the first failure of a run to the next try, each wait twice the one before; and the
longest wait."""
TRIES = 7
"""Failures in a row after which a run is given up until it is due again, or asked for."""


def last_due(source: Source, at: datetime) -> float | None:
    """When the schedule last asked for a run (Unix seconds); None without a schedule.

    ``at`` has a time zone; where that knows when its clocks change, so does the answer.
    """
    if not source.following.schedule:
        return None
    return nearest(source.following.schedule, at, past=True)


def next_due(source: Source, at: datetime, sweep_seconds: float = 0.0) -> float | None:
    """When a run is due next (Unix seconds): by schedule, or as the sweep of a watched folder.

    A watched folder is swept every ``sweep_seconds``; 0: never. None: a run is never due so.
    """
    if source.paused:
        return None
    times: list[float | None] = []
    if source.following.schedule:
        times.append(nearest(source.following.schedule, at, past=False))
    if source.following.watch and sweep_seconds:
        times.append((source.started_at or at.timestamp()) + sweep_seconds)
    return min((t for t in times if t is not None), default=None)


def next_try(source: Source) -> float | None:
    """When a run that failed is tried again (Unix seconds); None: the last one did not fail."""
    if not source.failures or source.failed_at is None:
        return None
    return source.failed_at + min(FIRST_WAIT * 2.0 ** (source.failures - 1), LONGEST_WAIT)


def is_due(source: Source, at: datetime, sweep_seconds: float = 0.0) -> bool:
    """Whether a run was asked for since the last one began (or the source was added).

    One that failed waits for its next try, unless it was asked for since.
    """
    if source.paused:
        return False
    again = next_try(source)
    if again is not None and again > at.timestamp() >= _failed(source):
        return _asked(source) > _failed(source)
    if source.is_requested or again is not None:
        return True
    last = max(source.started_at or 0.0, _failed(source))  # one given up may never have begun
    began, added = _not_after(at, last), _not_after(at, source.created_at)
    due = last_due(source, at)
    if due is not None and due > max(began, added):
        return True
    return bool(
        source.following.watch and sweep_seconds and at.timestamp() - began >= sweep_seconds
    )


def _failed(source: Source) -> float:
    return source.failed_at or 0.0


def _asked(source: Source) -> float:
    return source.requested_at or 0.0


def _not_after(at: datetime, moment: float | None) -> float:
    """A moment of the past; one in the future is from before the clock was put back: 0."""
    return moment if moment is not None and moment <= at.timestamp() else 0.0
