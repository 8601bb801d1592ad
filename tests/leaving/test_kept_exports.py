"""The exports of every format that releases have written are imported by this one.

``kept/`` has one of each, of what ``handmade.py`` describes (``make_kept.py``).
"""

import tarfile

import pytest

from kb.types.leaving import VERSION
from kb.types.library import LedgerFilter
from tests.leaving.handmade import TEXTS, content
from tests.leaving.lived import take_in
from tests.leaving.make_kept import KEPT

FORMATS = sorted(path.name.partition(".")[0] for path in KEPT.glob("*.tar.xz"))


def test_there_is_one_of_this_format():
    assert f"format-{VERSION}" in FORMATS


@pytest.mark.parametrize("name", FORMATS)
async def test_it_is_imported(house, tmp_path, name):
    with tarfile.open(KEPT / f"{name}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    came = await take_in(house, tmp_path / name)
    assert (came.documents, came.answers) == (5, 3)
    kb = house.kb
    rows = {row.path: row for row in kb.ledger.rows(house.owner, LedgerFilter())}
    assert set(rows) == {"broken.pdf", *(path for path, _ in TEXTS.values())}
    assert rows["broken.pdf"].state == "failed"
    assert rows["away.txt"].held
    for path, elements in TEXTS.values():
        parsed = kb.documents.elements(rows[path])
        assert [element.text for element in parsed.elements] == elements
    assert kb.documents.original(rows["quay.txt"]) == content(1)
    theirs = {row.path for row in kb.ledger.rows(kb.principal("otto"), LedgerFilter())}
    assert theirs == {"quay.txt", "away.txt", "broken.pdf"}
    rita = kb.principal("rita")
    [talk] = kb.conversations.listed(rita)
    turns = kb.conversations.one(rita, talk.id).turns
    assert [turn.row.text for turn in turns] == ["Forty."] * 3
    assert "Forty." in turns[0].answer.text
    assert turns[0].answer.citations[0].quote == TEXTS[3][1][0][10:15]
    [pin] = kb.pins.of_question(rita, "How many?")
    assert pin.path == TEXTS[3][0]
    sound = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
    assert await kb.upkeep.check() == sound
