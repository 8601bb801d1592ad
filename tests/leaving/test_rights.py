"""Rules, people and answers leave and come back; nothing leaves with a person that is not theirs."""

import asyncio
import contextvars
import json

import pytest

from kb.errors import KbError
from kb.surface import shapes
from kb.types.leaving import Choice
from kb.types.library import LedgerFilter
from tests.leaving.lived import CAST, ODD, QUESTIONS, export, live, take_in, words_in
from tests.leaving.tables_of import table

pytestmark = pytest.mark.slow


async def settled(*houses) -> None:
    """What fusion knows of all passages together is of those that are there now, and of no others."""
    for house in houses:
        await house.kb.publisher.sweep(grace_seconds=0)
        await house.kb.index.engine.leave()


async def seen(house, name: str) -> dict[str, list]:
    who = house.kb.principal(name)
    found = {}
    for question in QUESTIONS:
        hits = (await house.kb.search.passages(question, who, 10)).passages
        found[question] = [(h.chunk.source, h.chunk.path, h.text, round(h.score, 5)) for h in hits]
    return found


def ledger(house) -> list:
    rows = house.kb.ledger.rows(house.owner, LedgerFilter())
    keys = "source", "raw_path", "path", "state", "code", "title", "chunks", "content_hash"
    return [tuple(getattr(row, key) for key in keys) for row in rows]


def talks(house, name: str) -> list:
    """What somebody's conversations show."""
    who = house.kb.principal(name)
    found = []
    for one in house.kb.conversations.listed(who):
        for turn in house.kb.conversations.one(who, one.id).turns:
            said = shapes.answer(turn.answer) if turn.answer else {}
            cited = [(c["document"], c["quote"], c["n"]) for c in said.get("citations", [])]
            comments = [(v.citation, v.verdict, v.comment) for v in turn.verdicts.values()]
            used = [u.state for u in turn.used]
            found.append((one.title, turn.row.question, said.get("text"), cited, comments, used))
    return found


@pytest.mark.both_catalogs
async def test_everybody_finds_there_what_they_find_here(house, furnished, elsewhere, tmp_path):
    await live(house)
    bag = await export(house, tmp_path / "bag")
    came = await take_in(elsewhere, bag)
    assert (came.embedded, came.without_file) == (0, 1), "changed.txt is another by now"
    assert ledger(elsewhere) == ledger(house)
    await settled(house, elsewhere)
    for name in CAST:
        assert await seen(elsewhere, name) == await seen(house, name), name
        assert talks(elsewhere, name) == talks(house, name), name
    assert talks(house, "rita")
    assert talks(house, "otto")
    for base in (house.kb, elsewhere.kb):
        [pin] = base.pins.of_question(base.principal("nina"), "Which boat goes?")
        assert pin.answer == "The ferry, at seven."
        [judged] = base.opinions.judged(base.principal("nina"))
        assert judged.question == "When is the first boat?"
        words = base.glossary.beside_pins(base.principal("nina"))
        assert [t.short for t in words.terms] == ["GK"]
        assert base.principal("carl").curates == {base.sources.named("public").id}
        rule = base.sources.standing("mixed").rule
        assert rule["paths"] == [["vault/", ["hr"]], ["orchard/", ["everyone", "not:sales"]]]
    assert not elsewhere.kb.principal("anna").administrator, "no account comes along"
    await _rules_live_on(elsewhere)


async def _rules_live_on(there) -> None:
    """They are rules, not lists of who read what then."""
    vault, orchard = QUESTIONS[2], QUESTIONS[5]
    nina = there.kb.principal("nina")
    assert "vault/rubies.txt" not in await there.paths(vault, nina)
    assert "orchard/pears.txt" in await there.paths(orchard, nina)
    there.kb.accounts.change(there.owner, "nina", member_of=("hr", "sales"))
    nina = there.kb.principal("nina")
    assert "vault/rubies.txt" in await there.paths(vault, nina)
    assert "orchard/pears.txt" not in await there.paths(orchard, nina)


async def test_a_person_takes_along_what_they_may_read(house, furnished, elsewhere, tmp_path):
    """Otto, of sales: no word of hr's documents, of others' questions, of who may read what."""
    await live(house)
    bag = await export(house, tmp_path / "bag", "otto")
    content = words_in(bag)
    assert b"The ferry to the island" in content
    assert b"Said otto." in content
    for word in (b"Wages", b"wages", b"rubies", b"orchard", b"annex", b"curtain", b"rita",
                 b"carl", b"nina", b'"hr"', b'"sales"', b"vault", b"first boat"):  # fmt: skip
        assert word not in content, word
    assert {row["path"] for row in table(bag, "documents")} >= {"ferry.txt", "plan.txt"}
    came = await take_in(elsewhere, bag)
    assert came.answers == 1
    assert "ferry.txt" in await elsewhere.paths(QUESTIONS[0], elsewhere.kb.principal("otto"))
    elsewhere.kb.accounts.add(elsewhere.owner, "zoe", ())
    assert await elsewhere.paths(QUESTIONS[0], elsewhere.kb.principal("zoe")) == []
    assert talks(elsewhere, "otto") == talks(house, "otto")


async def test_a_source_goes_alone(house, furnished, tmp_path):
    await live(house)
    bag = await export(house, tmp_path / "bag", None, "staff")
    content = words_in(bag)
    assert b"Wages rise by four per cent" in content
    for word in (b"ferry", b"rubies", b"lantern", b'"otto"', b"boat"):
        assert word not in content, word
    for answer in table(bag, "answers"):
        assert answer["question"] == QUESTIONS[1]
        assert answer["cited"]
        assert all("wages.txt" in one for one in answer["cited"]), "none of another source"
    rights = json.loads((bag / "data/rights.json").read_text())
    assert rights["groups"] == [{"name": "hr", "members": []}]


async def test_the_log_has_who_exported(house, furnished, tmp_path):
    await export(house, tmp_path / "bag", "otto")
    [entry] = house.kb.audit.page(house.owner, action="export").rows
    assert (entry.actor, entry.target) == ("owner", str(tmp_path / "bag"))
    assert entry.detail["as"] == "otto"
    assert entry.detail["sources"] == ["public"]
    assert entry.detail["documents"] == 1


async def test_names_of_every_kind_come_back(house, furnished, elsewhere, tmp_path):
    await live(house)
    bag = await export(house, tmp_path / "bag")
    await take_in(elsewhere, bag)
    root = elsewhere.kb.sources.named("odd").root.encode()
    for name, text in ODD.items():
        with open(root + b"/" + name, "rb") as file:
            assert file.read() == text.encode()
    counts = await elsewhere.ingest("odd")
    assert (counts.indexed, counts.unchanged) == (0, len(ODD))


async def test_what_is_published_meanwhile_is_not_in_it(house, furnished, tmp_path):
    """One moment: a document that is read while the export is written is in none of its tables."""
    house.write("public/late.txt", "The late lobster was read while the export was written.")

    loop, came = asyncio.get_running_loop(), []

    def read_it() -> None:
        came.append(asyncio.run_coroutine_threadsafe(house.ingest("public"), loop).result())

    def in_the_middle(done: int, total: int) -> None:
        if done == total:
            contextvars.Context().run(read_it)  # beside the transaction that only reads

    await house.kb.leaving.export(house.owner, tmp_path / "bag", Choice(), in_the_middle)
    assert came[0].indexed == 1
    assert "late.txt" in await house.paths("late lobster")
    assert b"lobster" not in words_in(tmp_path / "bag")


async def test_a_folder_with_something_in_it_is_refused(house, furnished, tmp_path):
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "mine.txt").write_text("x")
    with pytest.raises(KbError, match="new folder or an empty one"):
        await export(house, tmp_path / "bag")
    assert [p.name for p in (tmp_path / "bag").iterdir()] == ["mine.txt"]
