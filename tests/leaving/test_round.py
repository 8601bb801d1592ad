"""An export that was written by hand is taken in, and leaves again as the same: nothing computes."""

import json
from pathlib import Path

import numpy
import pytest

from kb.types.library import LedgerFilter
from tests.leaving.handmade import handmade, vector
from tests.leaving.lived import export, take_in
from tests.leaving.tables_of import table
from tests.parts.house import House
from tests.parts.weights import with_models

ASIDE = {"added_at", "indexed_at"}
"""When a document came here is another moment."""


@pytest.fixture
async def arrived_by_hand(house, tmp_path):
    [model] = house.kb.embeddings.models
    bag = handmade(tmp_path / "bag", model)
    return bag, await take_in(house, bag)


@pytest.mark.both_catalogs
async def test_it_leaves_as_it_came(house, arrived_by_hand, tmp_path):
    bag, came = arrived_by_hand
    assert (came.documents, came.passages, came.answers) == (5, 5, 3)
    assert (came.embedded, came.without_file) == (0, 1)
    again = await export(house, tmp_path / "again")
    paths = [{r["id"]: r["path"] for r in table(one, "documents")} for one in (bag, again)]
    for name in ("documents", "texts", "elements", "chunks", "conversations", "glossary",
                 "pins", "judged"):  # fmt: skip
        found = []
        for one, by_id in zip((bag, again), paths, strict=True):
            rows = table(one, name)
            for row in rows:
                for key in {"id", "document", "parent"} & set(row):
                    if isinstance(row[key], int):
                        row[key] = by_id[row[key]]
                for key in {*ASIDE, "version", "rights", "passage"} & set(row):
                    row[key] = row[key] is not None
            found.append(sorted(rows, key=lambda r: r["path"]) if name == "documents" else rows)
        assert found[1] == found[0], name
    _vectors_are_those(again)
    _rights_are_those(bag, again)
    _answers_are_those(bag, again)


def _vectors_are_those(again) -> None:
    [model] = json.loads((again / "data/export.json").read_text())["models"]
    matrix = numpy.load(again / model["file"])
    names = (again / model["hashes"]).read_text().split()
    for chunk in table(again, "chunks"):
        row = matrix[names.index(chunk["vector"])]
        assert (row == vector(chunk["embedded_text"])).all()


def _rights_are_those(bag, again) -> None:
    before, after = (json.loads((one / "data/rights.json").read_text()) for one in (bag, again))
    for source in (*before["sources"], *after["sources"]):
        source.pop("folder")
        source["following"].pop("uploads")
    for rights in (before, after):
        rights["sets"] = sorted(rights["sets"].values(), key=json.dumps)
        rights["people"] = [p["name"] for p in rights["people"]]
    assert after == before


def _answers_are_those(bag, again) -> None:
    said = [
        [(a["id"], a["question"], a["asker"], a["opinions"], a["kept"]["text"]) for a in rows]
        for rows in (table(bag, "answers"), table(again, "answers"))
    ]
    assert said[0] == said[1]
    current, changed, gone = table(again, "answers")
    assert "Forty." in current["said"]
    assert list(changed["made_from"]) != list(gone["made_from"]) == []


async def test_rules_hold_where_it_came(house, arrived_by_hand):
    kb = house.kb
    seen = {
        name: {row.path for row in kb.ledger.rows(kb.principal(name), LedgerFilter())}
        for name in ("rita", "otto")
    }
    assert "letters/annex.eml › beads.txt" in seen["rita"]
    assert seen["rita"] - seen["otto"] == {
        "letters/annex.eml", "letters/annex.eml › beads.txt", "100%.txt"
    }  # fmt: skip
    assert kb.principal("rita").curates
    assert await kb.upkeep.check() == {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}


async def test_again_changes_nothing(house, arrived_by_hand):
    bag, _ = arrived_by_hand
    again = await take_in(house, bag)
    assert (again.documents, again.already, again.answers) == (0, 5, 0)
    found = house.kb.conversations.one(house.kb.principal("rita"), "c" * 32)
    assert len(found.turns) == 3
    assert [[u.state for u in t.used] for t in found.turns] == [["current"], ["changed"], ["gone"]]
    [pin] = house.kb.pins.of_question(house.kb.principal("rita"), "How many?")
    place = house.kb.documents.passage(house.kb.principal("rita"), pin.passage_id)
    assert "amber" in place[0][0].text


async def test_nothing_is_handed_in_to_what_was_imported(house, arrived_by_hand):
    """Its files lie in the data directory too; but one source of the two was of what people hand in."""
    assert house.kb.uploads.source(house.owner, ()).name == "more"
    roots = {s.name: Path(s.root).parent.name for s in house.kb.sources.all()}
    assert roots == {"notes": "imported", "more": "uploads"}


async def test_what_is_purged_leaves_the_folder_of_the_import(house, arrived_by_hand):
    root = Path(house.kb.sources.named("notes").root)
    assert (root / "letters" / "annex.eml").read_bytes() == b"The annex is attached."
    [mail] = [r for r in house.kb.ledger.rows(house.owner, LedgerFilter(path="letters/annex.eml"))]
    erased = await house.kb.documents.erase(house.owner, [mail.id])
    assert (erased["documents"], erased["files_deleted"]) == (2, 1)
    assert not (root / "letters" / "annex.eml").exists()


@pytest.mark.slow
async def test_two_models_have_their_vectors_of_it(settings, models_dir, tmp_path):
    both = with_models(settings, models_dir, "multilingual", "english")
    house = House(both, tmp_path / "files")
    bag = handmade(tmp_path / "bag", *house.kb.embeddings.models)
    came = await take_in(house, bag)
    assert (came.embedded, came.passages) == (0, 5)
    again = await export(house, tmp_path / "again")
    found = json.loads((again / "data/export.json").read_text())["models"]
    assert [model["count"] for model in found] == [5, 5]
    await house.kb.close()


class Other:
    """A model that is not here."""

    name, fingerprint = "other", "0" * 32

    class files:  # noqa: N801 - as the model's own are called
        digest = "0" * 64


@pytest.mark.slow
async def test_other_models_embed_anew_and_it_is_said(house, tmp_path):
    came = await take_in(house, handmade(tmp_path / "bag", Other))
    assert (came.embedded, came.models) == (5, ["english"])
    assert (await house.paths("How many amber beads are there?"))[0].endswith("beads.txt")
