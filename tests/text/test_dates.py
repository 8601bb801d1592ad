"""Dates and times by value, in five languages."""

import pytest

from kb.text import dates


@pytest.mark.parametrize(
    "written",
    [
        "5.3.2024", "05.03.2024", "5.3.24", "2024-03-05", "5 March 2024", "March 5, 2024",
        "March 5th, 2024", "5th of March 2024", "5. März 2024", "5 mars 2024", "5 marzo 2024",
        "5 de marzo de 2024", "5 Mar. 2024", "05/03/2024",
    ],
)  # fmt: skip
def test_one_day_is_one_day_however_it_is_written(written):
    [found] = dates.dates(f"Signed on {written}, in Kiel.")
    assert (2024, 3, 5) in found.readings


def test_a_date_with_slashes_has_two_readings_and_one_with_full_stops_has_one():
    [slashes], [stops] = dates.dates("05/03/2024"), dates.dates("05.03.2024")
    assert set(slashes.readings) == {(2024, 3, 5), (2024, 5, 3)}
    assert stops.readings == ((2024, 3, 5),)


@pytest.mark.parametrize("text", ["3. bis 7. Mai", "3 to 7 May", "May 3-7", "du 3 au 7 mai"])
def test_both_days_of_a_stretch_are_dates(text):
    assert [d.readings[0] for d in dates.dates(text)] == [(None, 5, 3), (None, 5, 7)]


@pytest.mark.parametrize(
    "text", ["Guests may park.", "May I come in?", "1,200.50", "v2.10", "06-14", "in 2024", "8.30"]
)
def test_what_is_no_date_is_none(text):
    assert dates.dates(text) == ()


@pytest.mark.parametrize(
    ("written", "clock"),
    [
        ("2 pm", (14, 0)), ("14:00", (14, 0)), ("14 Uhr", (14, 0)), ("14h30", (14, 30)),
        ("alle 8.30", (8, 30)), ("12 am", (0, 0)), ("8:05 p.m.", (20, 5)),
    ],
)  # fmt: skip
def test_times_are_read_by_value(written, clock):
    assert [t.clock for t in dates.times(written)] == [clock]
