"""A schedule in a form: the menu and cron say the same, and cron's words stay where it has none."""

import calendar

import pytest

from ingest.given import check_following
from kb.errors import UsageError
from kb.types.library import Following
from web import schedules

USUAL = ["0 * * * *", "0 2 * * *", "30 23 * * *", "15 7 * * 1-5", "5 0 * * 0", "59 23 * * 6"]
OTHERS = ["30 * * * *", "0 2 1 * *", "*/5 * * * *", "0 2 * 6 *", "0 2,14 * * *", "0 2 * * 1,3"]


@pytest.mark.parametrize("cron", [*USUAL, *OTHERS])
def test_what_is_shown_and_sent_again_is_the_same(cron):
    shown = schedules.in_form(cron)
    assert (shown["often"] == schedules.CRON) == (cron in OTHERS)
    assert schedules.of_form(shown) == cron
    check_following(Following(schedule=schedules.of_form(shown)))


@pytest.mark.parametrize(
    ("form", "cron"),
    [
        ({}, None),
        ({"schedule": " 0 2 * * * "}, "0 2 * * *"),
        ({"often": "", "schedule": "0 2 * * *", "time": "02:00"}, None),
        ({"often": "weekly", "day": "5", "time": "9:05"}, "5 9 * * 5"),
        ({"often": "weekly", "day": "x", "time": "09:05"}, "5 9 * * 1"),
        ({"often": "daily", "time": "09:05:00"}, "5 9 * * *"),
    ],
)
def test_fields_as_cron_has_them(form, cron):
    assert schedules.of_form(form) == cron


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"often": "daily", "time": "25:00"}, "bad_time"),
        ({"often": "weekly", "time": ""}, "bad_time"),
        ({"often": "cron", "schedule": " "}, "bad_schedule"),
    ],
)
def test_what_is_no_schedule(form, code):
    with pytest.raises(UsageError) as refused:
        schedules.of_form(form)
    assert refused.value.code == code


WORDS = [
    ("0 * * * *", "every hour at minute 0"),
    ("30 * * * *", "every hour at minute 30"),
    ("5 2 * * *", "every day at 02:05"),
    ("15 7 * * MON-FRI", "on weekdays at 07:15"),
    ("5 0 * * 7", "every week on Sunday at 00:05"),
    ("59 23 * * 6", "every week on Saturday at 23:59"),
    ("0 2 1 * *", "0 2 1 * *"),
    ("0 2,14 * * *", "0 2,14 * * *"),
    ("@daily", "@daily"),
]


@pytest.mark.parametrize(("cron", "words"), WORDS)
def test_a_schedule_in_words(cron, words):
    days = dict(zip("0123456", calendar.day_name[-1:] + calendar.day_name[:-1], strict=True))
    assert schedules.in_words(cron, str, days) == words
