"""One queue of answers, whichever process a question comes to."""

import asyncio
import subprocess

import pytest
from sqlalchemy import text

from kb.catalog import leases, turns
from kb.errors import BusyError, TooManyError
from kb.settings import FairUse
from kb.together.turns import LEASE, SharedTurns
from tests.parts.processes import HANGING
from web.fair_use import Turns


@pytest.fixture
async def open_turns(catalogs):
    """Two processes' turns, with the bounds that are given."""
    made = []

    def open_both(**bounds) -> list[SharedTurns]:
        made.extend(SharedTurns(catalog, FairUse(**bounds)) for catalog in catalogs)
        return made[-2:]

    yield open_both
    for one in made:
        await one.close()


def waiting_of(catalog) -> list[str]:
    with catalog.reading() as connection:
        return [turn.person for turn in turns.all_of(connection) if not turn.begun]


async def until(condition):
    async with asyncio.timeout(HANGING):
        while not condition():
            await asyncio.sleep(0.01)


async def take(queue, person: str, gate: asyncio.Event, order: list[str]) -> None:
    async with queue.turn(person):
        await gate.wait()
        order.append(person)


@pytest.mark.case("R28")
async def test_people_take_turns_whichever_process_they_come_to(open_turns, catalogs):
    """The order is that of one process (tests/web/test_fair_use.py)."""
    bounds = {"answers_at_once": 1, "answers_waiting": 50, "answers_waiting_each": 20}
    both, alone = open_turns(**bounds), Turns(FairUse(**bounds))
    asked = ["flood"] * 5 + ["ada", "bob", "flood", "ada"]
    orders = []
    for queues in ([alone, alone], both):
        gate, order = asyncio.Event(), []
        tasks = []
        for number, person in enumerate(asked):
            tasks.append(asyncio.create_task(take(queues[number % 2], person, gate, order)))
            if queues is both:
                await until(lambda n=number: len(waiting_of(catalogs[0])) == n)
            else:
                await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*tasks)
        orders.append(order)
    assert orders[0][:4] == ["flood", "flood", "ada", "bob"]
    assert orders[1] == orders[0]


@pytest.mark.case("R28", "R29")
async def test_the_queue_is_bounded_for_each_and_for_all_over_both(open_turns, catalogs):
    one, other = open_turns(answers_at_once=1, answers_waiting=3, answers_waiting_each=2)
    gate = asyncio.Event()
    tasks = [asyncio.create_task(take(one, "ada", gate, []))]
    await until(lambda: _rows(catalogs[0]) == 1)
    for queue, person in ((one, "ada"), (other, "ada"), (other, "bob")):
        tasks.append(asyncio.create_task(take(queue, person, gate, [])))
        await until(lambda: _rows(catalogs[0]) == len(tasks))
    for queue in (one, other):
        with pytest.raises(TooManyError) as each:
            await queue.admit("ada")
        assert each.value.status == 429
        with pytest.raises(BusyError):
            await queue.admit("cem")
        with pytest.raises(BusyError):
            async with queue.turn("cem"):
                pass
        assert await queue.count_waiting() == 3
    gate.set()
    await asyncio.gather(*tasks)
    await until(lambda: _rows(catalogs[0]) == 0)
    await one.admit("cem")


def _rows(catalog) -> int:
    with catalog.reading() as connection:
        return len(turns.all_of(connection))


async def test_a_stop_reaches_the_process_that_writes(open_turns):
    one, other = open_turns()
    stop = asyncio.Event()
    async with one.turn("ada", "enough", stop):
        assert not await other.stop("bob", "enough"), "it is not theirs"
        assert not await other.stop("ada", "another word")
        assert not stop.is_set()
        assert await other.stop("ada", "enough")
        await asyncio.wait_for(stop.wait(), HANGING)
    await until(lambda: not one._left)
    assert not await other.stop("ada", "enough"), "it has ended"


@pytest.mark.case("R18")
async def test_who_leaves_while_waiting_frees_their_place(open_turns, catalogs):
    one, other = open_turns(answers_at_once=1)
    async with one.turn("ada"):
        gone = asyncio.create_task(take(other, "bob", asyncio.Event(), []))
        await until(lambda: waiting_of(catalogs[0]) == ["bob"])
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        await until(lambda: waiting_of(catalogs[0]) == [])
    done, order = asyncio.Event(), []
    done.set()
    await asyncio.wait_for(take(other, "cem", done, order), HANGING)
    assert order == ["cem"]


async def test_who_leaves_while_their_place_comes_to_be_frees_it(open_turns, catalogs):
    """The row is written by a thread, which nothing calls back."""
    one, _ = open_turns()
    with catalogs[1].writing() as holding:
        turns.hold(holding)
        gone = asyncio.create_task(take(one, "bob", asyncio.Event(), []))
        await asyncio.sleep(0.1)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
    await until(lambda: one._following is not None and one._following.done())
    assert _rows(catalogs[0]) == 0


def ended_process() -> str:
    """The owner of a lease whose process is gone."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    boot, _, word = leases.new_owner().split(":")
    return f"{boot}:{gone.pid}:{word}"


@pytest.mark.parametrize("way", ["turn", "admit"])
async def test_a_process_that_is_gone_gives_its_turns_back(open_turns, catalogs, way):
    """Those that it had and those that waited there; also where nobody has waited meanwhile."""
    one, other = open_turns(answers_at_once=1, answers_waiting=1, answers_waiting_each=1)
    one._process = ended_process()
    gate = asyncio.Event()
    lost = [asyncio.create_task(take(one, "ada", gate, []))]
    await until(lambda: one._following is not None)
    with catalogs[0].writing() as connection:  # two rows of it, as a kill leaves them
        left = turns.all_of(connection)[0]
        turns.add(connection, type(left)("waits", 99, 99, "bob", left.process))
    one._following.cancel()
    if way == "admit":
        await other.admit("cem")
    done = asyncio.Event()
    done.set()
    await asyncio.wait_for(take(other, "cem", done, []), HANGING)
    with catalogs[0].reading() as connection:
        assert f"{LEASE}{one._process}" not in leases.standing(connection)
    for task in lost:
        task.cancel()
    await asyncio.gather(*lost, return_exceptions=True)


async def test_a_process_that_was_taken_for_dead_waits_again(open_turns, catalogs):
    one, other = open_turns(answers_at_once=1)
    gate, order = asyncio.Event(), []
    async with other.turn("ada"):
        task = asyncio.create_task(take(one, "bob", gate, order))
        await until(lambda: waiting_of(catalogs[0]) == ["bob"])
        with catalogs[1].writing() as connection:
            connection.execute(text("DELETE FROM answer_turns WHERE person = 'bob'"))
        one._settled = 0.0
        await until(lambda: waiting_of(catalogs[0]) == ["bob"])
    gate.set()
    await asyncio.wait_for(task, HANGING)
    assert order == ["bob"]


async def test_an_ending_process_gives_back_what_it_has(open_turns, catalogs):
    one, other = open_turns(answers_at_once=1)
    lost = asyncio.create_task(take(one, "ada", asyncio.Event(), []))
    await until(lambda: _rows(catalogs[0]) == 1)
    await one.close()
    assert _rows(catalogs[0]) == 0
    with catalogs[0].reading() as connection:
        assert not [name for name in leases.standing(connection) if name.startswith(LEASE)]
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)


async def test_nothing_is_asked_of_the_catalog_while_nobody_has_a_turn(open_turns):
    one, _ = open_turns()
    async with one.turn("ada"):
        assert not one._following.done()
    await until(one._following.done)
