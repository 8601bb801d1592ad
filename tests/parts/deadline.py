"""A run of all tests that ends in time on a slow machine: ``pytest -p tests.parts.deadline``, by CI.

Slow tests begin when the others have: the whole way first, then in an order that the commit draws,
so that what one run has no time for another has. A test that would begin after the deadline of its
kind is skipped, and the summary says how many of which rooms.
"""

import hashlib
import os
import time
from collections import Counter

import pytest

SLOW_UNTIL, UNTIL = "KB_TEST_SLOW_UNTIL", "KB_TEST_UNTIL"
"""Environment: no slow test, and no test at all, begins after it; seconds since 1970."""
ORDER = "KB_TEST_ORDER"
"""Environment: draws the order of slow tests; the commit's name."""
FIRST = "tests/test_journey.py"
NO_TIME = "no time left"
"""Begins the reason of a test that was skipped for want of time."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    items.sort(key=_place)


def _place(item) -> tuple[bool, bool, str]:
    """Where a test stands among all; those that are not slow stay in the order they have."""
    if not _is_slow(item):
        return False, False, ""
    file = item.nodeid.split("::")[0]
    drawn = hashlib.sha256(f"{os.environ.get(ORDER, '')} {file}".encode()).hexdigest()
    return True, file != FIRST, drawn


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    kinds = (SLOW_UNTIL, UNTIL) if _is_slow(item) else (UNTIL,)
    if time.time() > min(float(os.environ.get(kind, "inf")) for kind in kinds):
        pytest.skip(f"{NO_TIME}: {' and '.join(kinds)}")


def _is_slow(item) -> bool:
    return item.get_closest_marker("slow") is not None


def pytest_terminal_summary(terminalreporter):
    rooms = Counter(
        report.nodeid.split("::")[0].removeprefix("tests/").split("/")[0]
        for report in terminalreporter.stats.get("skipped", [])
        if NO_TIME in str(report.longrepr)
    )
    if rooms:
        parts = ", ".join(f"{room} {number}" for room, number in sorted(rooms.items()))
        terminalreporter.line(f"NOT RUN for want of time: {rooms.total()} tests ({parts})")
