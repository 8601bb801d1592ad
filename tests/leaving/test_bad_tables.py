"""A bag whose hashes are right, made by somebody else: what its tables say is looked at as well."""

import json
import shutil

import pytest

from kb.errors import UsageError
from tests.leaving.bags import sealed
from tests.leaving.handmade import handmade
from tests.leaving.lived import take_in

QUAY = {"path": "quay.txt"}
SPOILED = [
    ("documents", QUAY, {"raw_path": "Li4vLi4vZmVycnk="}, "leads elsewhere"),  # ../../ferry
    ("documents", QUAY, {"raw_path": "L2V0Yy9mZXJyeQ=="}, "leads elsewhere"),  # /etc/ferry
    ("documents", QUAY, {"raw_path": "YQBi"}, "a path that is none"),  # a, a zero byte, b
    ("documents", QUAY, {"file": "data/../../../x"}, "not where its line says"),
    ("documents", QUAY, {"file": "/etc/hostname"}, "not where its line says"),
    (
        "documents",
        QUAY,
        {"file": "data/files/notes/letters/annex.eml"},
        "another than its line says",
    ),
    ("documents", QUAY, {"source": "nowhere"}, "of no source"),
    ("documents", QUAY, {"rights": "none"}, "no readers"),
    ("documents", QUAY, {"parent": 999}, "part of nothing"),
    ("documents", QUAY, {"state": "gone"}, "a line of a file is none"),
    ("documents", QUAY, {"state": 7}, "is none"),
    ("documents", QUAY, {"used": {"office": "yes"}}, "is none"),
    (
        "documents",
        QUAY,
        {"code": "hidden_text", "parameters": {"also": [7]}},
        "what is said of a file is none",
    ),
    ("documents", QUAY, {"chunks": 2}, "passages of a file are missing"),
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


async def test_tables_that_do_not_fit_are_refused_as_a_whole(house, tmp_path):
    [model] = house.kb.embeddings.models
    whole = handmade(tmp_path / "bag", model)
    for number, (name, which, values, said) in enumerate(SPOILED):
        bag = tmp_path / f"bag{number}"
        shutil.copytree(whole, bag)
        spoiled(bag, name, which, values)
        with pytest.raises(UsageError) as caught:
            await take_in(house, bag)
        assert caught.value.code == "bad_export", (name, values)
        assert said in caught.value.message, (name, values, caught.value.message)
        assert house.kb.sources.all() == [], "nothing of it came"
    assert not (house.kb.settings.data / "imported").exists()
    assert list(tmp_path.rglob("ferry")) == [], "nothing was written elsewhere"


async def test_readers_that_are_none_are_refused(house, tmp_path):
    [model] = house.kb.embeddings.models
    whole = handmade(tmp_path / "bag", model)
    path = whole / "data" / "rights.json"
    rights = json.loads(path.read_text())
    for term in ("anybody", {"group": "no such group"}, {"what": "?"}, {"steps": 7}, 5, {}):
        rights["sources"][1]["readers"] = [term]
        path.write_text(json.dumps(rights))
        sealed(whole)
        with pytest.raises(UsageError) as caught:
            await take_in(house, whole)
        assert caught.value.code == "bad_export", term
        assert house.kb.sources.all() == []
    rights["sources"][1] |= {"readers": ["everyone"], "paths": [["!", ["everyone"]]]}
    path.write_text(json.dumps(rights))
    sealed(whole)
    with pytest.raises(UsageError, match="not a pattern"):
        await take_in(house, whole)
    assert house.kb.sources.all() == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("notes", "-x", "bad_request"),
        ("notes", "a/b", "bad_request"),
        ("notes", "more", "source_exists"),
        ("none", "some", "source_not_in_export"),
    ],
)
async def test_a_name_that_cannot_be_is_refused(house, tmp_path, old, new, code):
    [model] = house.kb.embeddings.models
    with pytest.raises(UsageError) as caught:
        await take_in(house, handmade(tmp_path / "bag", model), **{old: new})
    assert caught.value.code == code
    assert house.kb.sources.all() == []
