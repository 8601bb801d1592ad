"""A bag whose hashes are right, made by somebody else: what its tables say is looked at as well."""

import json
import shutil

import pytest

from kb.errors import UsageError
from tests.leaving.bags import sealed
from tests.leaving.lived import export, take_in

pytestmark = pytest.mark.slow
FERRY = {"path": "ferry.txt"}
SPOILED = [
    ("documents", FERRY, {"raw_path": "Li4vLi4vZmVycnk="}, "leads elsewhere"),  # ../../ferry
    ("documents", FERRY, {"raw_path": "L2V0Yy9mZXJyeQ=="}, "leads elsewhere"),  # /etc/ferry
    ("documents", FERRY, {"raw_path": "YQBi"}, "a path that is none"),  # a, a zero byte, b
    ("documents", FERRY, {"file": "data/../../../x"}, "not where its line says"),
    ("documents", FERRY, {"file": "/etc/hostname"}, "not where its line says"),
    ("documents", FERRY, {"file": "data/files/staff/wages.txt"}, "another than its line says"),
    ("documents", FERRY, {"source": "nowhere"}, "of no source"),
    ("documents", FERRY, {"rights": "none"}, "no readers"),
    ("documents", FERRY, {"parent": 999}, "part of nothing"),
    ("documents", FERRY, {"state": "gone"}, "a line of a file is none"),
    ("documents", FERRY, {"state": 7}, "is none"),
    ("documents", FERRY, {"chunks": 2}, "passages of a file are missing"),
    ("chunks", {}, {"ordinal": 5}, "passages of a file are missing"),
    ("chunks", {}, {"document": 999}, "missing"),
    ("texts", {}, {"elements": 9}, "the text of a file is missing"),
    ("texts", {}, {"text": ""}, "elements that do not fit"),
    ("elements", {}, {"end": 10**9}, "elements that do not fit"),
    ("conversations", {}, "no line", "line 1 of data/conversations.jsonl"),
]


def spoiled(bag, name: str, which: dict, values) -> None:
    """Change the first line that is like this; give the bag hashes that are right."""
    path = bag / "data" / f"{name}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] or [{}]
    at = next(n for n, row in enumerate(rows) if which.items() <= row.items())
    rows[at] = values if isinstance(values, str) else rows[at] | values
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    sealed(bag)


async def test_tables_that_do_not_fit_are_refused_as_a_whole(house, furnished, elsewhere, tmp_path):
    whole = await export(house, tmp_path / "bag")
    for number, (name, which, values, said) in enumerate(SPOILED):
        bag = tmp_path / f"bag{number}"
        shutil.copytree(whole, bag)
        spoiled(bag, name, which, values)
        with pytest.raises(UsageError) as caught:
            await take_in(elsewhere, bag)
        assert caught.value.code == "bad_export", (name, values)
        assert said in caught.value.message, (name, values, caught.value.message)
        assert elsewhere.kb.sources.all() == [], "nothing of it came"
    assert not (elsewhere.kb.settings.data / "imported").exists()
    assert list(tmp_path.rglob("ferry")) == [], "nothing was written elsewhere"


async def test_readers_that_are_none_are_refused(house, furnished, elsewhere, tmp_path):
    whole = await export(house, tmp_path / "bag")
    path = whole / "data" / "rights.json"
    rights = json.loads(path.read_text())
    for term in ("anybody", {"group": "no such group"}, {"what": "?"}, {"steps": 7}, 5, {}):
        rights["sources"][0]["readers"] = [term]
        path.write_text(json.dumps(rights))
        sealed(whole)
        with pytest.raises(UsageError) as caught:
            await take_in(elsewhere, whole)
        assert caught.value.code == "bad_export", term
        assert elsewhere.kb.sources.all() == []
    rights["sources"][0] |= {"rule": "paths", "readers": ["everyone"], "paths": [["!", ["x"]]]}
    path.write_text(json.dumps(rights))
    sealed(whole)
    with pytest.raises(UsageError):
        await take_in(elsewhere, whole)
    assert elsewhere.kb.sources.all() == []
