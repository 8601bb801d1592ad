"""Rates and turns: nobody starves the others."""

import asyncio
from collections import Counter
from types import SimpleNamespace

import httpx
import msgspec
import pytest

from kb.errors import BusyError, TooManyError
from kb.settings import FairUse
from tests.parts.processes import HANGING
from web import fair_use
from web.fair_use import Rates, Turns


@pytest.fixture
def stopped_clock(monkeypatch):
    """No time passes for whoever counts requests a minute, however long they take."""
    monkeypatch.setattr(fair_use, "time", SimpleNamespace(monotonic=lambda: 1000.0))


@pytest.mark.case("R28")
async def test_people_take_turns_however_many_questions_one_of_them_asks():
    """Of one person's flood and another's single question, the single one is second."""
    turns = Turns(FairUse(answers_at_once=1, answers_waiting=50, answers_waiting_each=20))
    order = []
    gate = asyncio.Event()

    async def ask(person: str) -> None:
        async with turns.turn(person):
            await gate.wait()
            order.append(person)

    tasks = [asyncio.create_task(ask("flood")) for _ in range(10)]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(ask(name)) for name in ("ada", "bob")]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*tasks)
    assert order[:4] == ["flood", "flood", "ada", "bob"]
    assert turns.waiting == 0


@pytest.mark.case("R28", "R29")
async def test_the_queue_is_bounded_for_each_and_for_all():
    turns = Turns(FairUse(answers_at_once=1, answers_waiting=3, answers_waiting_each=2))
    async with turns.turn("ada"):
        waiting = [asyncio.create_task(_take(turns, p)) for p in ("ada", "ada", "bob")]
        await asyncio.sleep(0)
        with pytest.raises(TooManyError) as each:
            turns.check("ada")
        assert each.value.status == 429
        with pytest.raises(BusyError) as all_of_them:
            turns.check("cem")
        assert all_of_them.value.status == 503
    await asyncio.gather(*waiting)
    turns.check("cem")


async def _take(turns: Turns, person: str) -> None:
    async with turns.turn(person):
        await asyncio.sleep(0)


@pytest.mark.case("R18")
async def test_who_leaves_while_waiting_frees_their_place():
    turns = Turns(FairUse(answers_at_once=1, answers_waiting=5, answers_waiting_each=5))
    async with turns.turn("ada"):
        gone = asyncio.create_task(_take(turns, "bob"))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        assert turns.waiting == 0
    await asyncio.wait_for(_take(turns, "cem"), HANGING)


def test_too_many_requests_are_told_when_to_come_again(stopped_clock):
    rates = Rates(FairUse(requests_per_minute=30, requests_per_minute_address=1000))
    for _ in range(30):
        rates.count_person("ada")
    with pytest.raises(TooManyError) as refused:
        rates.count_person("ada")
    assert 1 <= refused.value.seconds <= 3
    rates.count_person("bob")


async def test_a_flood_is_answered_429_with_retry_after_and_others_are_not(portal, stopped_clock):
    fair = msgspec.structs.replace(FairUse(), requests_per_minute=20)
    portal.litestar.state.rates = Rates(fair)
    rita, otto = await portal.as_person("rita"), await portal.as_person("otto")
    codes = [(await rita.get("/api/v1/suggest?q=w")) for _ in range(25)]
    assert {c.status_code for c in codes} == {200, 429}
    assert int(codes[-1].headers["retry-after"]) >= 1
    assert codes[-1].json()["error"]["code"] == "rate_limited"
    assert (await otto.get("/api/v1/suggest?q=w")).status_code == 200


@pytest.mark.case("S61")
async def test_a_forged_address_does_not_help_a_flood(portal, stopped_clock):
    portal.litestar.state.rates = Rates(FairUse(requests_per_minute_address=10))
    client = portal.client("192.0.2.44")
    codes = [
        (await client.get("/login", headers={"X-Forwarded-For": f"198.51.100.{n}"})).status_code
        for n in range(15)
    ]
    assert codes[-1] == 429


async def asked(client, number: int) -> httpx.Response:
    question = f"When does the ferry number {number} to the island leave?"
    return await client.post("/api/v1/ask", json={"question": question})


@pytest.mark.case("R29")
async def test_two_hundred_askers_get_an_answer_or_are_told_when_to_come_again(portal):
    fair = FairUse(answers_at_once=2, answers_waiting=20, answers_waiting_each=10)
    portal.litestar.state.turns = Turns(fair)
    portal.litestar.state.rates = Rates(FairUse(requests_per_minute=10_000))
    people = [await portal.as_person(name) for name in ("anna", "rita", "otto", "carl", "nina")]
    answers = await asyncio.gather(*(asked(people[n % 5], n) for n in range(200)))
    codes = Counter(a.status_code for a in answers)
    assert set(codes) <= {200, 429, 503}, codes
    assert codes[200] >= 22
    assert codes[503]
    refused = [a for a in answers if a.status_code != 200]
    assert all(int(a.headers["retry-after"]) >= 1 for a in refused)
    assert portal.litestar.state.turns.waiting == 0
    assert (await asked(people[0], 1)).status_code == 200


@pytest.mark.case("R28")
async def test_a_flood_of_questions_keeps_nobody_else_from_asking(portal):
    fair = FairUse(answers_at_once=1, answers_waiting=50, answers_waiting_each=3)
    portal.litestar.state.turns = Turns(fair)
    rita = await portal.as_person("rita")
    others = [await portal.as_person(name) for name in ("anna", "otto", "carl", "nina")]
    flood = [asyncio.create_task(asked(rita, n)) for n in range(30)]
    await asyncio.sleep(0)
    theirs = await asyncio.gather(*(asked(client, 100) for client in others))
    codes = Counter(a.status_code for a in await asyncio.gather(*flood))
    assert [a.status_code for a in theirs] == [200] * 4
    assert set(codes) == {200, 429}
    assert codes[200] >= 4
