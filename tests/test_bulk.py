"""Bulk work steps back, and keeps to the processors that it may use at this hour."""

import os
import threading
from datetime import datetime
from pathlib import Path

import pytest

from kb import bulk
from kb.settings import load


@pytest.fixture
def niced():
    """The number of a thread of bulk work."""
    with bulk.threads() as pool:
        yield pool.submit(threading.get_native_id).result()


def processors_of(thread: int) -> set[int]:
    """Those that the kernel lets a thread run on."""
    status = Path(f"/proc/self/task/{thread}/status").read_text()
    said = status.split("Cpus_allowed_list:")[1].split()[0]
    ranges = [part.split("-") for part in said.split(",")]
    return {n for part in ranges for n in range(int(part[0]), int(part[-1]) + 1)}


def test_threads_of_bulk_work_have_the_lower_priority(niced):
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    fields = Path(f"/proc/self/task/{niced}/stat").read_text().rpartition(")")[2].split()
    assert int(fields[16]) == min(mine + 10, 19)  # proc(5), field 19
    assert os.getpriority(os.PRIO_PROCESS, 0) == mine


def test_they_alone_are_held_to_fewer_processors_and_let_go_again(niced):
    everywhere = processors_of(niced)
    if len(everywhere) < 2:
        pytest.skip("this machine has one processor")
    bulk.keep_to(bulk.processors(1))
    assert processors_of(niced) == {max(everywhere)}
    assert processors_of(threading.get_native_id()) == everywhere
    bulk.keep_to(bulk.processors(0))
    assert processors_of(niced) == everywhere


WEEK = "mon-fri 08:00-18:00"


@pytest.mark.parametrize(
    ("settings", "moment", "allowed"),
    [
        ({}, "2026-11-27 12:00", 8),
        ({"KB_INGEST__PROCESSORS": "3"}, "2026-11-27 12:00", 3),
        ({"KB_INGEST__PROCESSORS": "30"}, "2026-11-27 12:00", 8),
        ({"KB_INGEST__OFFICE_HOURS": WEEK}, "2026-11-27 07:59", 8),  # a Friday
        ({"KB_INGEST__OFFICE_HOURS": WEEK}, "2026-11-27 08:00", 1),
        ({"KB_INGEST__OFFICE_HOURS": WEEK}, "2026-11-27 17:59", 1),
        ({"KB_INGEST__OFFICE_HOURS": WEEK}, "2026-11-27 18:00", 8),
        ({"KB_INGEST__OFFICE_HOURS": WEEK}, "2026-11-28 12:00", 8),
        ({"KB_INGEST__OFFICE_HOURS": f"{WEEK}, sat 09:00-13:00"}, "2026-11-28 12:00", 1),
        ({"KB_INGEST__OFFICE_HOURS": "fri 22:00-06:00"}, "2026-11-28 05:59", 1),
        ({"KB_INGEST__OFFICE_HOURS": "fri 22:00-06:00"}, "2026-11-27 05:59", 8),
        ({"KB_INGEST__OFFICE_HOURS": "sat-mon 00:00-24:00"}, "2026-11-29 23:59", 1),
        ({"KB_INGEST__OFFICE_HOURS": "sat-mon 00:00-24:00"}, "2026-11-27 23:59", 8),
        (
            {"KB_INGEST__OFFICE_HOURS": WEEK, "KB_INGEST__OFFICE_PROCESSORS": "4"},
            "2026-11-27 12:00",
            4,
        ),
        (
            {
                "KB_INGEST__OFFICE_HOURS": WEEK,
                "KB_INGEST__OFFICE_PROCESSORS": "4",
                "KB_INGEST__PROCESSORS": "2",
            },
            "2026-11-27 12:00",
            2,
        ),
    ],
)
def test_what_ingestion_may_use_goes_by_the_clock(settings, moment, allowed):
    at = datetime.fromisoformat(moment)
    assert bulk.allowed(load({}, settings).ingest, at, 8) == allowed
