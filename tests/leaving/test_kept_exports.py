"""The exports of every format that releases have written are imported by this one.

``kept/`` has one of each, of the knowledge base in ``lived.py`` (``make_kept.py``).
"""

import tarfile

import pytest

from kb.types.leaving import VERSION
from kb.types.library import LedgerFilter
from tests.leaving.lived import ODD, QUESTIONS, take_in
from tests.leaving.make_kept import KEPT

FORMATS = sorted(path.name.partition(".")[0] for path in KEPT.glob("*.tar.xz"))


def test_there_is_one_of_this_format():
    assert f"format-{VERSION}" in FORMATS


@pytest.mark.parametrize("name", FORMATS)
async def test_it_is_imported(house, tmp_path, name):
    with tarfile.open(KEPT / f"{name}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    came = await take_in(house, tmp_path / name)
    assert (came.documents, came.answers) == (15, 3)
    kb = house.kb
    rows = {row.path: row for row in kb.ledger.rows(house.owner, LedgerFilter())}
    assert {"ferry.txt", "wages.txt", "vault/annex.eml › annex.txt", "curtain.txt"} <= set(rows)
    assert {row.raw_path for row in rows.values()} >= set(ODD)
    assert rows["vault/broken.pdf"].state == "failed"
    assert rows["changed.txt"].held
    parsed = kb.documents.elements(rows["vault/rubies.txt"])
    assert "northern vault" in parsed.elements[0].text
    theirs = {row.path for row in kb.ledger.rows(kb.principal("otto"), LedgerFilter())}
    assert "ferry.txt" in theirs
    assert not {"wages.txt", "vault/rubies.txt", "orchard/pears.txt", "curtain.txt"} & theirs
    [talk] = kb.conversations.listed(kb.principal("otto"))
    [turn] = kb.conversations.one(kb.principal("otto"), talk.id).turns
    assert turn.row.question == QUESTIONS[0]
    assert "seven in the morning" in turn.answer.text
    [pin] = kb.pins.of_question(kb.principal("nina"), "Which boat goes?")
    assert pin.path == "ferry.txt"
    sound = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
    assert await kb.upkeep.check() == sound
