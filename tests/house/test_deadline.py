"""CI ends in time on a slow machine, and says which tests it had no time for."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TESTS = """
import pytest

@pytest.mark.slow
def test_of_a_whole_way(): pass

def test_of_a_part(): pass
"""
PAST, FAR = time.time() - 1, time.time() + 10**6


def run(folder, **environment):
    """The lines of a run of pytest over a quick and a slow test of each of two files."""
    for name in ("tests/one/test_one.py", "tests/two/test_two.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  slow: CI's\n")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    clean["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "--rootdir", str(folder), "-c",
         str(folder / "pytest.ini"), "-p", "tests.parts.deadline", str(folder)],
        cwd=ROOT, env=clean | {name: str(value) for name, value in environment.items()},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


def results(lines):
    said = [line.split("::")[1].split()[:2] for line in lines if "::" in line]
    return [(test.removeprefix("test_of_a_"), result) for test, result in said]


@pytest.mark.parametrize(
    ("until", "part", "whole"),
    [
        ({"KB_TEST_SLOW_UNTIL": FAR, "KB_TEST_UNTIL": FAR}, "PASSED", "PASSED"),
        ({"KB_TEST_SLOW_UNTIL": PAST, "KB_TEST_UNTIL": FAR}, "PASSED", "SKIPPED"),
        ({"KB_TEST_SLOW_UNTIL": FAR, "KB_TEST_UNTIL": PAST}, "SKIPPED", "SKIPPED"),
        ({}, "PASSED", "PASSED"),
    ],
)
def test_no_test_begins_after_its_deadline_and_slow_ones_are_last(tmp_path, until, part, whole):
    assert results(run(tmp_path, **until)) == [
        ("part", part), ("part", part), ("whole_way", whole), ("whole_way", whole),
    ]  # fmt: skip


def test_the_summary_says_how_many_of_which_rooms_were_not_run(tmp_path):
    lines = run(tmp_path, KB_TEST_SLOW_UNTIL=PAST)
    assert "NOT RUN for want of time: 2 tests (one 1, two 1)" in lines
    assert lines[-1].strip("= ").startswith("2 passed, 2 skipped")
    assert not [line for line in run(tmp_path) if "NOT RUN" in line]


def test_another_commit_draws_another_order_of_the_slow_ones(tmp_path):
    def order(commit):
        lines = run(tmp_path, KB_TEST_ORDER=commit)
        return [line.split("::")[0] for line in lines if "::test_of_a_whole_way" in line]

    assert order("0") == order("0")
    assert len({tuple(order(commit)) for commit in "03"}) == 2  # of two files
