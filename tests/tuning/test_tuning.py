"""What was learned: what is live, kept aside, rolled back; without learning, in this process."""

import hashlib
import json
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from sqlalchemy import insert, update

from kb.catalog import audit, documents, generations, groups, sources, tunings
from kb.catalog.tables import tunings as table
from kb.embedding.adapting import Learned
from kb.errors import ConflictError, DamagedError, NotFoundError
from kb.failpoints import TOLD
from kb.upkeep.models import register_of
from kb.rights import access
from kb.swapping import tuning
from kb.swapping.tuning import Lessons
from kb.types.tunings import Learning, Gain
from tests.parts import taught
from tests.parts.house import House
from tests.parts.portal import copy_furnished, furnished_once


def adapter(seed: int = 0) -> Learned:
    drawn = np.random.default_rng(seed).normal(size=(2, 384)).astype("<f4")
    return Learned(dimension=384, down=drawn[0].tobytes(), up=drawn[1].tobytes())


async def read_town(house: House) -> None:
    house.follow()
    taught.write(house.root)
    await house.ingest()


@pytest.fixture
async def town(settings, tmp_path, embedder_dir, new_catalog):
    """A house over the town's documents, which are read once for all tests."""
    if not settings.catalog.url:
        made = furnished_once("town", embedder_dir, new_catalog, read_town)
        copy_furnished(made, settings, tmp_path / "files")
    house = House(settings, tmp_path / "files")
    if settings.catalog.url:
        await read_town(house)
    yield house
    await house.kb.close()


def lessons(house, *, lost=(), seed: int = 0, documents=()) -> Lessons:
    with house.kb.catalog.reading() as c:
        generation = generations.live(c).fingerprint
    [model] = house.kb.embeddings.models
    moved = Gain(
        name="english", digest="0" * 64, used=True, ridge=5.0, step=1.0, questions=48,
        before=0.5, after=0.6, low=0.05, high=0.15,
    )  # fmt: skip
    facts = Learning(
        models={model.fingerprint: moved}, questions=48, origins={"judged": 48},
        documents=documents, sources=(), gone=0, withheld=0, data="0" * 64, generation=generation,
        gate={"sets": []}, lost=tuple(lost), bytes=1,
    )  # fmt: skip
    return Lessons({model.fingerprint: adapter(seed)}, facts)


async def states(house) -> list[str]:
    def read() -> list[str]:
        with house.kb.catalog.reading() as c:
            return [one.state for one in tunings.all_of(c)]

    return await house.kb.read(read)


async def test_what_is_live_moves_questions_and_receipts_name_it(town):
    kb_, owner = town.kb, town.owner
    question = "How many days of holiday does the Museum give?"
    plain = await kb_.search.passages(question, owner, 10)
    told = await tuning.keep(kb_, await kb_.read(lessons, town), force=False)
    assert (told["name"], told["live"]) == ("tuned-1", True)
    moved = await kb_.search.passages(question, owner, 10)
    assert [p.passage_id for p in moved.passages] != [p.passage_id for p in plain.passages]
    answer = await kb_.answers.answer(question, owner)
    assert answer.settings["embedding"].endswith(", tuned-1")
    await kb_.write(kb_.tunings.roll_back, owner)
    again = await kb_.search.passages(question, owner, 10)
    assert [p.passage_id for p in again.passages] == [p.passage_id for p in plain.passages]
    assert again.computed_by == plain.computed_by


async def test_similarity_and_evidence_are_read_by_the_question_as_it_is(town):
    """However far it was moved: what is near stays near, and so does what is said of it."""
    kb_, owner = town.kb, town.owner
    question = "How many days of paid holiday does the Museum give?"
    plain = await kb_.search.passages(question, owner, 10)
    sure = (await kb_.answers.evident(question, owner)).sure
    [asked] = (await kb_.embeddings.query(question)).by.values()
    await tuning.keep(kb_, await kb_.read(lessons, town), force=False)
    moved = await kb_.search.passages(question, owner, 10)
    assert moved.scale == plain.scale == asked.scale
    before = {p.passage_id: p.similarity for p in plain.passages}
    both = [p for p in moved.passages if p.passage_id in before]
    assert both, "some passage is found both ways"
    for passage in both:
        assert passage.similarity == pytest.approx(before[passage.passage_id], abs=1e-4)
    if moved.passages[0].passage_id == plain.passages[0].passage_id:
        again = await kb_.answers.evident(question, owner)
        assert again.sure == pytest.approx(sure, abs=0.2)


async def test_where_something_is_lost_it_is_kept_aside_unless_it_is_forced(town):
    kb_ = town.kb
    bad = await kb_.read(lambda: lessons(town, lost=["own: page_hit@5"]))
    told = await tuning.keep(kb_, bad, force=False)
    assert (told["live"], told["refused"], await states(town)) == (False, True, ["learned"])
    told = await tuning.keep(kb_, bad, force=True)
    assert (told["live"], told["forced"], await states(town)) == (True, True, ["learned", "live"])

    def logged():
        with kb_.catalog.reading() as c:
            return [row.detail for row in audit.page(c, action="model.tune", limit=9)]

    newest, first = await kb_.read(logged)
    assert (newest["forced"], newest["live"], newest["lost"]) == (True, True, ["own: page_hit@5"])
    assert (first["forced"], first["live"]) == (False, False)


async def test_where_nothing_is_gained_nothing_is_kept(town):
    given = await town.kb.read(lessons, town)
    told = await tuning.keep(town.kb, Lessons({}, given.facts), force=True)
    assert (told["name"], told["live"], told["refused"]) == (None, False, False)
    assert await states(town) == []


TOLD_KEYS = (
    "models questions origins documents sources gone withheld data forced generation gate lost bytes"
    " name sha256 live refused"
).split()
"""What ``kb tune --json`` told, in this order, before its facts were a struct."""
OF_MODEL = "name digest used ridge step questions before after low high".split()


async def test_what_is_told_of_it_is_json_as_it_always_was(town):
    given = await town.kb.read(lambda: lessons(town, documents=((1, "a" * 64),)))
    told = json.loads(json.dumps(await tuning.keep(town.kb, given, force=False)))
    assert list(told) == TOLD_KEYS
    [model] = told["models"].values()
    assert list(model) == OF_MODEL
    assert (told["documents"], told["sources"], told["lost"]) == ([[1, "a" * 64]], [], [])
    nothing = await tuning.keep(town.kb, Lessons({}, given.facts), force=False)
    assert list(nothing) == [key for key in TOLD_KEYS if key != "sha256"]


async def test_what_an_earlier_release_kept_is_still_read(town):
    """A row of the first release with ``kb tune``, as its code wrote it."""
    facts = {
        "models": {"f": {"name": "english", "digest": "0" * 64, "used": True, "ridge": 5.0, "step": 1.0,
                         "questions": 48, "before": 0.5, "after": 0.6, "low": 0.05, "high": 0.15}},
        "questions": 48, "origins": {"judged": 48}, "documents": [[1, "a" * 64]],
        "sources": ["staff"], "gone": 2, "withheld": 1, "data": "0" * 64, "forced": True,
        "generation": "g", "gate": {"sets": [{"name": "own", "questions": 48, "rows": [],
                                              "changed": []}]},
        "lost": ["own: page_hit@5"], "bytes": 3080,
    }  # fmt: skip

    def kept():
        with town.kb.catalog.writing() as c:
            row = {"state": "left", "digest": "d", "learned": b"", "facts": facts, "made_at": 1.0}
            c.execute(insert(table).values(row))
            return tunings.all_of(c)

    [found] = await town.kb.write(kept)
    assert msgspec.json.decode(msgspec.json.encode(found.facts)) == facts
    assert [one.name for one in found.facts.used] == ["english"]
    [shown] = await town.kb.read(town.kb.tunings.registered)
    assert dict(shown.facts)["Sources"] == "also staff, whoever may read them"
    assert dict(shown.facts)["Lost"] == "own: page_hit@5"
    assert shown.bytes == 3080


async def test_back_leads_to_the_one_before_and_then_to_none(town):
    kb_, owner = town.kb, town.owner
    for seed in range(3):
        given = await kb_.read(lambda seed=seed: lessons(town, seed=seed))
        await tuning.keep(kb_, given, force=False)
    assert await states(town) == ["replaced", "replaced", "live"]
    assert await kb_.write(kb_.tunings.roll_back, owner) == ("tuned-3", "tuned-2")
    assert await kb_.write(kb_.tunings.roll_back, owner) == ("tuned-2", "tuned-1")
    assert await kb_.write(kb_.tunings.roll_back, owner) == ("tuned-1", None)
    with pytest.raises(ConflictError):
        await kb_.write(kb_.tunings.roll_back, owner)
    assert await states(town) == ["left", "left", "left"]
    await kb_.removal.remove("tuned-2")
    with pytest.raises(NotFoundError):
        await kb_.removal.remove("tuned-2")
    given = await kb_.read(lessons, town)
    told = await tuning.keep(kb_, given, force=False)
    assert told["name"] == "tuned-4", "a number is never given again"


async def test_what_was_learned_for_another_index_does_not_go_live(town):
    given = await town.kb.read(lessons, town)
    other = Lessons(given.adapters, msgspec.structs.replace(given.facts, generation="another"))
    with pytest.raises(ConflictError, match="kb tune again"):
        await tuning.keep(town.kb, other, force=True)
    assert await states(town) == []


async def test_what_is_damaged_is_said_until_it_is_rolled_back(town):
    kb_ = town.kb
    await tuning.keep(kb_, await kb_.read(lessons, town), force=False)

    def spoil():
        with kb_.catalog.writing() as c:
            c.execute(update(table).values(digest=hashlib.sha256(b"another").hexdigest()))

    await kb_.write(spoil)
    with pytest.raises(DamagedError, match="kb tune rollback"):
        await kb_.search.passages("holiday", town.owner, 5)
    await kb_.write(kb_.tunings.roll_back, town.owner)
    assert (await kb_.search.passages("holiday", town.owner, 5)).passages


async def test_what_became_of_the_documents_is_shown(town):
    """Another one's bytes under the same id count too: ids of erased documents may come again."""
    kb_, house = town.kb, town
    first, second = (house.ledger()[taught.file_of(place)] for place in taught.PLACES[:2])

    def hashes() -> list[list]:
        with kb_.catalog.reading() as c:
            found = documents.content_hashes(c, [first.id, second.id])
        return [[number, content] for number, content in found.items()]

    learned = [*await kb_.read(hashes), [10_000, "0" * 64]]
    given = await kb_.read(lambda: lessons(house, documents=learned))
    await tuning.keep(kb_, given, force=False)

    async def facts() -> dict[str, str]:
        [found] = await kb_.read(kb_.tunings.registered)
        assert "kb tune learns anew" in found.note
        return {k: v.split()[0] for k, v in found.facts if k in ("Gone", "Changed", "Closed")}

    assert await facts() == {"Gone": "1"}
    house.write(taught.file_of("Bakery"), "The bakery is closed.")
    await house.ingest()
    assert await facts() == {"Gone": "1", "Changed": "1"}

    def close() -> None:
        with kb_.catalog.writing() as c:
            groups.add(c, "hr")
            readers = access.readers(c, ["hr"])
            sources.set_readers(c, sources.by_name(c, "files"), readers)

    await kb_.write(close)
    assert await facts() == {"Gone": "1", "Changed": "1", "Closed": "2"}


async def test_the_register_shows_it_without_an_opened_knowledge_base(town):
    await tuning.keep(town.kb, await town.kb.read(lessons, town), force=False)
    found = await register_of(town.kb.settings).find("tuned-1")
    assert (found.purpose, found.keeper, found.in_use) == ("tuning", "catalog", True)
    assert json.dumps(dict(found.facts))

    def go_over():
        with town.kb.catalog.writing() as c:
            number = generations.begin(c, "another", {"models": ["english"]})
            generations.switch(c, number)

    await town.kb.write(go_over)
    found = await register_of(town.kb.settings).find("tuned-1")
    assert "other models" in found.problem


def test_somebody_of_whom_nothing_is_known_carries_what_everyone_does():
    assert access.anybody().tokens == {access.EVERYONE}
    assert not access.anybody().manages


KEEPS = """
import asyncio, sys
from pathlib import Path
import msgspec
from kb import settings
from kb.knowledge_base import KnowledgeBase
from kb.swapping import tuning

lessons = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=tuning.Lessons)
base = KnowledgeBase(settings.load())
asyncio.run(tuning.keep(base, lessons, force=False))
"""


async def test_killed_while_it_is_kept_there_is_nothing(town, environment, tmp_path):
    """Neither a row nor an entry; the same process that is not killed leaves both."""
    (tmp_path / "lessons").write_bytes(msgspec.json.encode(lessons(town)))
    kept = []
    for step in ("tuning_kept", ""):
        done = subprocess.run(
            [sys.executable, "-c", KEEPS, str(tmp_path / "lessons")],
            env=environment | {"KB_FAILPOINT": step}, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert (f"{TOLD}tuning_kept" in done.stderr) == bool(step), done.stderr
        with town.kb.catalog.reading() as c:
            tuned = [row for row in audit.page(c, limit=50) if row.action == "model.tune"]
            kept.append((len(tunings.all_of(c)), len(tuned)))
    assert kept == [(0, 0), (1, 1)]
