"""Tests have the rooms' names: what tests ``kb/search/folding.py`` lies in ``tests/search/``."""

from pathlib import Path

import pytest

from tests.house.code import ROOT

TESTS = ROOT / "tests"
OF_NO_ROOM = {
    "house": "reads the code, the documents and the tests themselves",
    "parts": "what tests of several rooms are made with",
    "containers": "the image, and what compose.yaml makes of it",
    "service": "the service among others on its host: units, a socket, a proxy before it",
    "web/forms": "every form of every page is sent, by a browser",
}
OF_THE_WHOLE = {"test_journey.py", "test_offline.py"}
"""They go through all rooms, one after another."""
FOLDERS = sorted({path.parent for path in TESTS.rglob("*.py")} - {TESTS})


def has_room(below: str) -> bool:
    """Whether a folder of tests has the name of a room, of ``kb/`` or of one beside it."""
    top = below.partition("/")[0]
    return (ROOT / (below if top in {"ingest", "web"} else f"kb/{below}")).is_dir()


def of_no_room(below: str) -> bool:
    return any(f"{below}/".startswith(f"{one}/") for one in OF_NO_ROOM)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.relative_to(TESTS).as_posix())
def test_a_folder_of_tests_has_the_name_of_a_room(folder: Path):
    below = folder.relative_to(TESTS).as_posix()
    assert has_room(below) != of_no_room(below)


def test_no_exception_stands_in_vain():
    assert {one for one in OF_NO_ROOM if not (TESTS / one).is_dir()} == set()


def test_a_test_beside_the_folders_is_of_a_file_beside_the_rooms():
    beside = {path.name for path in TESTS.glob("test_*.py")}
    modules = {f"test_{path.name}" for path in (ROOT / "kb").glob("*.py")}
    assert beside - modules == OF_THE_WHOLE
