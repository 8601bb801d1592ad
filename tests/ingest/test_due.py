"""When a source is due: by its schedule, when somebody asks, after a failure."""

from datetime import UTC, datetime

from ingest.following import due as following
from ingest.following.due import is_due, next_due
from kb.types.library import Following, Source


def test_schedules():
    at = datetime(2026, 5, 4, 2, 5, tzinfo=UTC)

    def source(schedule, started, *, watch=False, paused=False, requested=None):
        following = Following(schedule=schedule, watch=watch)
        return Source(
            1, "s", "/", following, paused, (), 0.0, requested, 0, started, None, None, None
        )

    assert is_due(source("0 2 * * *", at.timestamp() - 3600), at)
    assert not is_due(source("0 2 * * *", at.timestamp() - 60), at)
    assert not is_due(source(None, None), at)
    assert not is_due(source("0 2 * * *", None, paused=True), at)
    assert is_due(source(None, None, requested=at.timestamp()), at)
    tomorrow = at.timestamp() + 86400  # it ran before the clock was put back
    assert is_due(source(None, tomorrow, requested=at.timestamp()), at)
    assert is_due(source("0 2 * * *", tomorrow), at)
    assert is_due(source(None, tomorrow, watch=True), at, 3600.0)
    assert is_due(source(None, at.timestamp() - 4000, watch=True), at, 3600.0)
    assert not is_due(source(None, at.timestamp() - 3000, watch=True), at, 3600.0)
    assert (
        next_due(source("0 2 * * *", None), at) == datetime(2026, 5, 5, 2, tzinfo=UTC).timestamp()
    )


def test_waits_between_tries_grow_and_are_bounded():
    at = datetime(2026, 5, 4, 2, 5, tzinfo=UTC)
    moment = at.timestamp()

    def due(asked=None, failures=0, failed=None) -> bool:
        return following.is_due(failing(asked, failures, failed), at)

    def failing(asked, failures, failed):
        return Source(
            1, "s", "/", Following(), False, (), 0.0, asked, 0, moment - 100, None, None, None,
            failures=failures, failed_at=failed,
        )  # fmt: skip

    waits = [following.next_try(failing(None, n, 0.0)) for n in range(1, 8)]
    assert waits == [15, 30, 60, 120, 240, 480, 600]
    assert not due(failures=1, failed=moment - 5)
    assert due(failures=1, failed=moment - 16)
    assert due(failures=1, failed=moment + 50)  # the clock was put back
    assert due(asked=moment - 1, failures=1, failed=moment - 5)
    assert not due(asked=moment - 50, failures=1, failed=moment - 5)
