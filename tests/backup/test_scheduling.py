"""Backups by the clock, and what is told of them."""

import json
from contextlib import closing
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from kb.backup.backups import AGAIN_SECONDS, Backups, verify_in
from kb.backup.store import Store
from kb.backup.verifying import verify
from kb.catalog import backups
from kb.catalog.database import open_catalog
from kb.errors import ConfigurationError
from kb.metrics import Metrics
from tests.backup.conftest import settings_of
from tests.parts.processes import Serving, wait_for

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTLY = {"backup.schedule": "30 2 * * *"}


def at(hour, minute, day=6):
    return datetime(2026, 3, day, hour, minute, tzinfo=BERLIN)


@pytest.fixture
def planned(base, tmp_path):
    """The verbs on backups that are made each night; and a way to note one."""
    settings = settings_of(base.settings.data, **NIGHTLY, **{"backup.folder": str(tmp_path / "b")})
    base.change("DELETE FROM backups")
    with closing(open_catalog(settings)) as catalog:

        def note(moment, **values):
            with catalog.writing() as connection:
                number = backups.begin(connection, str(tmp_path / "b"))
                backups.end(connection, number, **values)
                began = text("UPDATE backups SET began_at = :at WHERE id = :id")
                connection.execute(began, {"at": moment.timestamp(), "id": number})

        yield Backups(catalog, settings), note


def test_one_is_due_when_the_clock_has_passed_the_time(planned):
    verbs, note = planned
    assert verbs.is_due(at(1, 0)), "none was ever made"
    note(at(1, 0), name="20260306T000000Z")
    assert not verbs.is_due(at(2, 29))
    assert verbs.is_due(at(2, 31))
    note(at(2, 31), name="20260306T013100Z")
    assert not verbs.is_due(at(23, 0))
    assert verbs.is_due(at(2, 30, day=7))
    assert verbs.next_time(at(23, 0)) == at(2, 30, day=7).timestamp()


def test_one_that_failed_is_tried_again_after_an_hour(planned):
    verbs, note = planned
    note(at(2, 31), error={"code": "disk_full", "message": "The disk is full."})
    assert not verbs.is_due(at(3, 0))
    assert AGAIN_SECONDS == 3600
    assert verbs.is_due(at(3, 32))


def test_no_schedule_or_no_folder_makes_none(base, tmp_path):
    for given in (NIGHTLY, {"backup.folder": str(tmp_path / "b")}):
        settings = settings_of(base.settings.data, **given)
        with closing(open_catalog(settings)) as catalog:
            verbs = Backups(catalog, settings)
            assert not verbs.is_due(at(3, 0))
            assert verbs.next_time(at(3, 0)) is None


@pytest.mark.parametrize("schedule", ["nightly", "99 2 * * *", "30 2 * *", "0 2 31 2 *x"])
def test_a_schedule_that_is_none_is_told_at_the_start(tmp_path, schedule):
    with pytest.raises(ConfigurationError) as found:
        settings_of(tmp_path, **{"backup.schedule": schedule})
    assert found.value.detail["key"] == "backup.schedule"
    assert "30 2 * * *" in found.value.message


def test_the_folder_of_the_settings_keeps_as_many_as_they_say(base, tmp_path):
    base.settings = settings_of(
        base.settings.data, **{"backup.folder": str(tmp_path / "b"), "backup.keep": 2}
    )
    names = [base.save("").name for _ in range(3)]
    assert base.save("").removed == [names[1]]
    assert [base.save(tmp_path / "other").removed for _ in range(3)] == [[], [], []]


def test_metrics_tell_of_the_last_one(base, tmp_path):
    base.change("DELETE FROM backups")

    def figures():
        with closing(open_catalog(base.settings)) as catalog:
            standing = Backups(catalog, base.settings).standing()
        told = Metrics()
        lines = told.text({}, 0, 0, standing, scheduled=True).decode().splitlines()
        pairs = (line.split() for line in lines if line.startswith("commonplace_backup"))
        return {name.removeprefix("commonplace_backup_"): float(value) for name, value in pairs}

    assert figures() == {
        "last_time": 0, "last_bytes": 0, "verified_time": 0, "failed": 0, "scheduled": 1,
    }  # fmt: skip
    made = base.save(tmp_path / "b")
    verify_in(base.settings, str(tmp_path / "b"), "", lambda _done, _total: None, newest=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="cannot be used"):
        base.save(tmp_path / "file" / "b")
    after = figures()
    assert after["last_bytes"] == made.bytes
    assert made.moment - 60 < after["last_time"] <= made.moment < after["verified_time"]
    assert after["failed"] == 1
    assert json.dumps(after)


@pytest.mark.slow
def test_a_worker_makes_it_when_it_is_due(environment, tmp_path):
    folder = tmp_path / "nightly"
    given = {"KB_BACKUP__FOLDER": str(folder), "KB_BACKUP__SCHEDULE": "30 2 * * *"}
    server = Serving(environment | given, tmp_path)
    try:
        wait_for(lambda: Store(folder).names())
    finally:
        server.stop()
    assert len(verify(Store(folder), Store(folder).names()).backups) == 1
