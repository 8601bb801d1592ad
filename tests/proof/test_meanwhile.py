"""Erasing with a statement while files are read and questions are asked; two at once."""

import asyncio
from functools import partial

import pytest

from kb.catalog import leases, purges
from kb.cli.upkeep import rebuild
from kb.errors import ConflictError, NotFoundError, RetryableError
from kb.proof.planning import path_sha256
from kb.types.purges import Erased, ErasedDocument, Marks
from tests.proof.conftest import QUESTION, SECRET

pytestmark = pytest.mark.case("N24")


async def furnish(house) -> int:
    """Two documents; the id of the one that is to be erased."""
    house.follow()
    house.write("stone.txt", SECRET)
    house.write("ferry.txt", "The ferry to the island leaves at seven from the pier.")
    await house.ingest()
    return house.ledger()["stone.txt"].id


async def prove(house, number: int):
    """Erase a document with a statement."""
    async with house.kb.purges.alone():
        planner = house.kb.purges.planner(house.owner)
        await house.kb.documents.erase(house.owner, [number], planner)
        return await house.kb.purges.finish(planner.number, partial(rebuild, house.kb))


async def test_an_answer_that_is_being_written_is_not_kept(house):
    """And what came later in its conversation goes with it."""
    number = await furnish(house)
    first = await house.kb.answers.answer("When does the ferry leave?", house.owner)
    about = await house.kb.answers.answer(QUESTION, house.owner, first.conversation)
    assert number in {p.chunk.document_id for p in about.passages}
    later = await house.kb.answers.answer(
        "When does the ferry leave?", house.owner, first.conversation
    )
    await house.kb.documents.erase(house.owner, [number])
    for gone in (about, later):
        with pytest.raises(NotFoundError):
            house.kb.receipts.receipt(house.owner, gone.id)
    with pytest.raises(NotFoundError):
        house.kb.receipts.keep(about, house.owner, None)


@pytest.mark.slow
async def test_others_read_and_ask_meanwhile(house):
    """The statement is whole, and so is what they did."""
    number = await furnish(house)
    for n in range(12):
        house.write(f"tram-{n}.txt", f"Tram {n} goes to the museum every {n + 2} minutes.")
    asking = [house.kb.answers.answer(QUESTION, house.owner) for _ in range(4)]
    done, counts, *answered = await asyncio.gather(
        prove(house, number), house.ingest(), *asking, return_exceptions=True
    )
    assert done.statement, done
    assert counts.indexed == 12
    assert all(not isinstance(one, Exception) or one.code == "answer_withheld" for one in answered)
    looks = await house.kb.purges.looker.look(done.erased)
    assert [one.found for one in looks if one.found] == []
    assert await house.kb.upkeep.check() == {
        "lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0,
    }  # fmt: skip
    assert (await house.paths("Which tram goes to the museum?"))[0].startswith("tram-")


async def test_one_erases_with_a_statement_at_a_time(house):
    """The second is refused before anything of its own is erased."""
    number = await furnish(house)
    with house.kb.catalog.writing() as connection:
        assert leases.take(connection, purges.LEASE, leases.new_owner())
    with pytest.raises(ConflictError) as refused:
        await prove(house, number)
    assert refused.value.code == "purge_busy"
    assert "stone.txt" in house.ledger()


async def test_one_that_cannot_be_finished_holds_up_no_other(house):
    """What it erased lies there again; the other has its statement, and the first says why not."""
    number = await furnish(house)
    ferry = ErasedDocument(9, "files", path_sha256("ferry.txt"), None, 1, 0.0, None, "folder")
    with house.kb.catalog.writing() as connection:
        erased = Erased([ferry], [], [], [], [], [])
        stopped = purges.begin(connection, "ada", 0, erased, Marks("00", 1, []))
    async with house.kb.purges.alone():
        planner = house.kb.purges.planner(house.owner)
        await house.kb.documents.erase(house.owner, [number], planner)
        with pytest.raises(RetryableError) as refused:
            await house.kb.purges.finish_all(partial(rebuild, house.kb))
    assert refused.value.code == "erasure_incomplete"
    assert house.kb.purges.one(planner.number).statement
    assert house.kb.purges.one(stopped).error["code"] == "erasure_incomplete"
