"""What docs/tour.md says to type, typed: a file is read, a run is killed, the next one goes on."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kb.failpoints import TOLD
from tests.parts.processes import HANGING

TOUR = Path(__file__).parent.parent.parent / "docs/tour.md"


def blocks() -> list[list[str]]:
    """The commands of the document's way, a list for each indented block."""
    way = TOUR.read_text(encoding="utf-8").partition("## The way of a document")[2]
    way = way.partition("\n## ")[0]
    found = re.findall(r"(?:^ {4}\S.*\n)+", way, re.MULTILINE)
    return [[line.strip() for line in block.splitlines()] for block in found]


@pytest.mark.slow
def test_what_the_tour_says_to_type_does_what_it_says(environment, tmp_path):
    folder, programs = tmp_path / "followed", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    (folder / "handbook.txt").write_text("Every employee has thirty days of leave a year.")
    (programs / "kb").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kb "$@"\n')
    (programs / "kb").chmod(0o755)
    known = environment | {"PATH": f"{programs}:{os.environ['PATH']}"}

    def typed(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line.replace("FOLDER", str(folder))],
            env=known, cwd=tmp_path, capture_output=True, text=True, timeout=HANGING,
        )  # fmt: skip

    see, break_it = blocks()
    seen = [typed(line) for line in see]
    assert [done.returncode for done in seen] == [0, 0, 0], seen
    assert re.search(r"handbook\.txt\b.*\bindexed|indexed\b.*handbook\.txt", seen[-1].stdout)

    put, killed, waits, on, read = (typed(line) for line in break_it)
    assert put.returncode == on.returncode == 0, (put.stderr, on.stderr)
    assert killed.returncode in {-9, 137}
    assert f"{TOLD}flushed" in killed.stderr
    [line] = [one for one in waits.stdout.splitlines() if "canteen.txt" in one]
    assert "indexed" not in line
    [line] = [one for one in read.stdout.splitlines() if "canteen.txt" in one]
    assert "indexed" in line
