"""When a source is due: by its schedule, as the sweep of a watched folder, or on request. Pure."""

from datetime import datetime

from cronsim import CronSim

from kb.catalog.sources import Source


def last_due(source: Source, at: datetime) -> float | None:
    """When the schedule last asked for a run, as a time stamp; None without a schedule."""
    if not source.following.schedule:
        return None
    return next(CronSim(source.following.schedule, at, reverse=True)).timestamp()


def next_due(source: Source, at: datetime, sweep_seconds: float = 0.0) -> float | None:
    """When a run is due next by the clock: by schedule, or as the sweep of a watched folder."""
    if source.paused:
        return None
    times = []
    if source.following.schedule:
        times.append(next(CronSim(source.following.schedule, at)).timestamp())
    if source.following.watch and sweep_seconds:
        times.append((source.started_at or at.timestamp()) + sweep_seconds)
    return min(times, default=None)


def is_due(source: Source, at: datetime, sweep_seconds: float = 0.0) -> bool:
    """Whether a run was asked for since the last one began (or the source was added)."""
    if source.paused:
        return False
    if source.is_requested:
        return True
    began, added = _not_after(at, source.started_at), _not_after(at, source.created_at)
    due = last_due(source, at)
    if due is not None and due > max(began, added):
        return True
    return bool(
        source.following.watch and sweep_seconds and at.timestamp() - began >= sweep_seconds
    )


def _not_after(at: datetime, moment: float | None) -> float:
    """A moment of the past; one in the future is from before the clock was put back: 0."""
    return moment if moment is not None and moment <= at.timestamp() else 0.0
