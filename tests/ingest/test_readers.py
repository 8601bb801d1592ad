"""Who may read what a folder has: at the next question, in answers that are kept, and in the index."""

import pytest
from sqlalchemy import select

from kb.catalog import documents, groups, people, sources
from kb.catalog.outbox import queue_rights
from kb.catalog.tables import answers
from kb.errors import NotFoundError
from kb.rights import access
from kb.surface import status
from kb.types.library import LedgerFilter


@pytest.fixture
async def shared(house, tmp_path):
    with house.kb.catalog.writing() as c:
        groups.add(c, "board")
        people.add_person(c, "ann", ("board",))
        people.add_person(c, "bob", ())
    house.follow("open")
    house.follow("secret", ["board"], tmp_path / "secret")
    house.write("plan.txt", "The picnic is on Sunday.")
    (tmp_path / "secret" / "plan.txt").write_text("The merger with canary-7731 is on Sunday.")
    await house.ingest("open")
    await house.ingest("secret")
    return house


def _id_of(house, source: str) -> int:
    [row] = house.kb.ledger.rows(house.owner, LedgerFilter(source=source))
    return row.id


@pytest.mark.case("S22", "S31")
async def test_three_people_see_three_things(shared):
    ann, bob = shared.kb.principal("ann"), shared.kb.principal("bob")

    async def texts(who):
        return " ".join(
            p.text for p in (await shared.kb.search.passages("Sunday", who, 10)).passages
        )

    assert "canary-7731" in await texts(shared.owner)
    assert "canary-7731" in await texts(ann)
    assert "canary-7731" not in await texts(bob)
    answer = await shared.kb.answers.answer("What is on Sunday?", bob)
    assert "canary" not in answer.text
    with pytest.raises(NotFoundError):
        shared.kb.documents.one(bob, _id_of(shared, "secret"))


@pytest.mark.case("S44")
async def test_a_right_taken_away_is_gone_at_the_next_question(shared):
    """The catalog's word counts although the index has not heard of it yet."""
    ann = shared.kb.principal("ann")
    with shared.kb.catalog.writing() as c:
        groups.add(c, "nobody")
        secret = sources.by_name(c, "secret")
        sources.set_readers(c, secret, access.readers(c, ["nobody"]))
    found = await shared.kb.search.passages("merger", ann, 10)
    assert "canary" not in " ".join(p.text for p in found.passages)


async def alarms(house) -> int:
    return (await status.status(house.kb))["access_alarms"]


async def test_an_index_that_gives_out_too_much_is_stopped_and_counted(shared):
    """Principle 3: the catalog is the second wall, and says when the first one leaks."""
    kb, bob = shared.kb, shared.kb.principal("bob")
    generation = await kb.publisher.generation()
    points = list(await kb.index.readers(generation, None, 100))
    await kb.index.set_readers(generation, points, ["everyone", "owner"])
    found = await kb.search.passages("merger", bob, 10)
    assert "canary" not in " ".join(p.text for p in found.passages)
    assert await alarms(shared) == 1
    await kb.upkeep.check(repair=True)
    await kb.search.passages("merger", bob, 10)
    assert await alarms(shared) == 1


async def test_rights_on_their_way_to_the_index_are_no_alarm(shared):
    ann = shared.kb.principal("ann")
    with shared.kb.catalog.writing() as c:
        groups.add(c, "nobody")
        secret = sources.by_name(c, "secret")
        sources.set_readers(c, secret, access.readers(c, ["nobody"]))
        queue_rights(c, documents.ids_of_source(c, secret.id))
    found = await shared.kb.search.passages("merger", ann, 10)
    assert "canary" not in " ".join(p.text for p in found.passages)
    assert await alarms(shared) == 0


async def test_nobody_unknown_may_ask(shared):
    with pytest.raises(NotFoundError):
        shared.kb.principal("mallory")


async def test_an_answer_is_kept_without_texts_and_withheld_with_its_sources(shared):
    ann = shared.kb.principal("ann")
    answer = await shared.kb.answers.answer("When is the merger with canary-7731?", ann)
    assert answer.citations
    assert shared.kb.receipts.answer(ann, answer.id).citations
    with shared.kb.catalog.reading() as c:
        [row] = c.execute(select(answers).where(answers.c.id == answer.id)).all()
    assert "Sunday" not in str(row.sentences) + str(row.citations) + row.text
    with shared.kb.catalog.writing() as c:
        secret = sources.by_name(c, "secret")
        sources.set_readers(c, secret, (access.OWNER,))
    with pytest.raises(NotFoundError):
        shared.kb.receipts.answer(ann, answer.id)
