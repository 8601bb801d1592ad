"""The tour and the drawing of the rooms name what is there; a question is read at one door."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from tests.house.code import FILES, ROOT
from tests.house.code import ROOMS as TOPS

ROOMS = [
    path.relative_to(ROOT).as_posix()
    for top in TOPS
    for path in sorted((ROOT / top).iterdir())
    if path.is_dir() and path.name != "__pycache__"
]


def section(document: str, title: str) -> str:
    """What stands under a title of a document, until the next one."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def links(text: str) -> set[str]:
    """Files and folders that a document in docs/ links, from the root of the project."""
    found = {target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text)}
    return {target.removeprefix("../") for target in found if target.startswith("../")}


@pytest.mark.parametrize("room", ROOMS)
def test_the_tour_comes_by_every_room(room):
    linked = links((ROOT / "docs/tour.md").read_text(encoding="utf-8"))
    assert any(target.startswith(f"{room}/") for target in linked)


def test_the_drawing_of_the_rooms_names_all_that_is_beside_it():
    drawing = section("architecture.md", "Rooms").partition("\nArrows point down")[0]
    lines = re.findall(r"^ +((?:\w+, )+\w+$|\w+(?:/|\.py) )", drawing, re.MULTILINE)
    names = {name for line in lines for name in re.findall(r"\w+", line)}
    for top in ("kb", "ingest"):
        for path in (ROOT / top).iterdir():
            name = path.name.removesuffix(".py")
            if not name.startswith("__"):
                assert name in names, f"{top}/{path.name}"


def test_the_shapes_on_a_documents_way_are_where_they_are_said_to_be():
    said = section("architecture.md", "The shapes on a document's way")
    shapes = re.findall(r"^- `(\w+)` \(`([\w/]+)\.py`\)", said, re.MULTILINE)
    assert len(shapes) == said.count("\n- ") >= 6
    for name, file in shapes:
        kind = getattr(importlib.import_module(file.replace("/", ".")), name)
        assert kind.__module__ == file.replace("/", "."), "it is made there, not imported"


def calls_parse(path: Path) -> bool:
    """Whether a file takes ``parse`` out of the module that knows the box's syntax."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ImportFrom(module="kb.text.queries") if "parse" in {
                a.name for a in node.names
            }:
                return True
            case ast.Attribute(value=ast.Name(id="queries"), attr="parse"):
                return True
    return False


def test_what_people_write_in_the_box_is_read_at_one_door():
    own = ROOT / "kb/text/queries.py"
    found = [p.relative_to(ROOT).as_posix() for p in FILES if p != own and calls_parse(p)]
    assert found == ["kb/search/sought.py"]
