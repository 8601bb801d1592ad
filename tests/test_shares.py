"""Bounded shares: no person, and no kind of work, takes what the others need."""

import asyncio
import threading
import time
from io import BytesIO

import pytest
from PIL import Image

from kb.catalog import groups, people
from kb.errors import BusyError, FileProblem, RetryableError, TooManyError
from kb.files import rendering, sandbox
from kb.files.rendering import WIDTHS, Pictures
from kb.files.scratch import Scratch
from kb.settings import FairUse
from kb.shares import ASKER, Share
from tests.parts.processes import HANGING
from tests.rights.test_three_people import SlowSpeaker
from web.fair_use import Turns

PAGE = b"P6 60 80 255\n" + bytes(60 * 80 * 3)


@pytest.fixture
def scratch_of_kb(tmp_path, monkeypatch):
    monkeypatch.setattr(rendering, "LIMITS", sandbox.Limits(seconds=600))  # machines are slow
    return Scratch(tmp_path / "scratch")


class Held:
    """Calls that end when they are let go, and who is in them."""

    def __init__(self):
        self.go = threading.Event()
        self.inside: list[str] = []
        self.begun = threading.Semaphore(0)

    def __call__(self, who: str) -> str:
        self.inside.append(who)
        self.begun.release()
        assert self.go.wait(HANGING)
        return who


async def asked(share: Share, who: str, call, *arguments):
    ASKER.set(who)
    return await share.run(call, *arguments)


async def begun(held: Held) -> None:
    assert await asyncio.to_thread(held.begun.acquire, timeout=HANGING)


@pytest.mark.case("N16")
async def test_one_person_never_has_all_threads_of_a_kind():
    """One reader's flood leaves a thread for the others, and the turns go round."""
    share, held = Share("test", 3, 2), Held()
    flood = [asyncio.create_task(asked(share, "ann", held, "ann")) for _ in range(20)]
    await begun(held)
    await begun(held)
    ben = asyncio.create_task(asked(share, "ben", held, "ben"))
    await begun(held)
    assert sorted(held.inside) == ["ann", "ann", "ben"]
    held.go.set()
    assert await ben == "ben"
    assert await asyncio.gather(*flood) == ["ann"] * 20
    share.close()


@pytest.mark.case("N16")
async def test_who_leaves_the_queue_is_not_worked_for_and_a_thread_that_works_is_still_theirs():
    """Cancelled requests leave the queue; a thread that cannot be stopped counts as theirs."""
    share, held = Share("test", 2, 1), Held()
    first = asyncio.create_task(asked(share, "ann", held, "first"))
    await begun(held)
    second = asyncio.create_task(asked(share, "ann", held, "second"))
    await asyncio.sleep(0)
    second.cancel()
    first.cancel()
    third = asyncio.create_task(asked(share, "ann", held, "third"))
    ben = asyncio.create_task(asked(share, "ben", held, "ben"))
    await begun(held)
    assert held.inside == ["first", "ben"]
    held.go.set()
    assert (await third, await ben) == ("third", "ben")
    assert "second" not in held.inside
    share.close()


@pytest.mark.case("N16")
async def test_the_queue_is_bounded():
    """Enough of one person is 429, of all 503."""
    share, held = Share("test", 1, 1, waiting=2, waiting_each=1, seconds=HANGING), Held()
    working = asyncio.create_task(asked(share, "ann", held, "ann"))
    await begun(held)
    waiting = [asyncio.create_task(asked(share, who, held, who)) for who in ("ann", "ben")]
    await asyncio.sleep(0)
    with pytest.raises(TooManyError):
        await asyncio.create_task(asked(share, "ann", held, "ann"))
    with pytest.raises(BusyError):
        await asyncio.create_task(asked(share, "cora", held, "cora"))
    held.go.set()
    assert await asyncio.gather(working, *waiting) == ["ann", "ann", "ben"]
    share.close()


@pytest.mark.case("N22")
async def test_who_waits_too_long_is_told_so():
    """Behind a call that hangs, and whoever asked for that call."""
    share, held = Share("test", 1, 1, waiting=2, waiting_each=1, seconds=1.0), Held()
    for task in [asyncio.create_task(asked(share, who, held, who)) for who in ("ann", "ben")]:
        with pytest.raises(RetryableError) as refused:
            await task
        assert refused.value.status == 503
    held.go.set()
    share.close()


@pytest.mark.case("N16")
async def test_pictures_of_one_document_by_many_at_once(scratch_of_kb):
    """Every one of 40 pictures asked for at once comes (11 of 80 were KeyErrors)."""
    share = Share("pictures", 2, 1, waiting_each=40, seconds=600)
    pictures = Pictures(scratch_of_kb, share)

    async def one(who: str, width: int) -> bytes:
        ASKER.set(who)
        return await pictures.get("hash", 0, width, lambda: PAGE)

    wanted = [(f"p{n % 4}", width) for n in range(20) for width in (WIDTHS[0], WIDTHS[1])]
    drawn = await asyncio.gather(*(one(*w) for w in wanted))
    assert all(p.startswith(b"\x89PNG") for p in drawn)
    assert len(set(drawn)) == 2
    share.close()


@pytest.mark.case("N16")
async def test_widths_are_few(scratch_of_kb):
    """24 widths of one page are one picture, drawn once, rounded up."""
    share = Share("pictures", 2, 1, seconds=600)
    pictures = Pictures(scratch_of_kb, share)
    read = []

    def content() -> bytes:
        read.append(1)
        return PAGE

    drawn = {await pictures.get("hash", 0, 1000 + n, content) for n in range(24)}
    assert len(drawn) == 1
    assert len(read) == 1
    assert Image.open(BytesIO(drawn.pop())).width == 1100
    assert Image.open(BytesIO(await pictures.get("hash", 0, 10**6, content))).width == WIDTHS[-1]
    share.close()


@pytest.mark.case("N16")
async def test_a_child_ends_when_nobody_waits_for_it():
    """Whoever leaves takes the child with them that draws for them."""
    stop = threading.Event()
    limits = sandbox.Limits(seconds=300)
    working = asyncio.create_task(
        asyncio.to_thread(sandbox.run, time.sleep, 600, limits=limits, stop=stop)
    )
    await asyncio.sleep(1)
    assert not working.done()
    stop.set()
    with pytest.raises(FileProblem) as ended:
        await working
    assert ended.value.code == "stopped"


@pytest.mark.case("N16")
async def test_an_answer_without_a_stream_is_withheld_too(portal, monkeypatch):
    """With Accept: application/json a right that is taken back ends the answer as well."""
    from web.api import ask

    monkeypatch.setattr(ask, "WATCH_SECONDS", 0.0)
    rita = await portal.as_person("rita")

    def leave_hr() -> None:
        with portal.kb.catalog.writing() as connection:
            groups.set_of(connection, people.by_name(connection, "rita").id, ())

    portal.kb.answerer._model = lambda: SlowSpeaker(leave_hr)
    answer = await rita.post("/api/v1/ask", json={"question": "By how much do wages rise in May?"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "answer_withheld"


@pytest.mark.case("N16")
async def test_running_again_takes_its_turn(portal):
    """Eight times «run again» by one person are one answer after another, within the queue."""
    turns = Turns(FairUse(answers_at_once=1, answers_waiting=50, answers_waiting_each=3))
    portal.litestar.state.turns = turns
    nina = await portal.as_person("nina")
    asked = await nina.post("/api/v1/ask", json={"question": "When does the ferry leave?"})
    side_by_side, most = 0, 0

    def meanwhile() -> None:
        nonlocal most
        most = max(most, side_by_side)

    class Counting(SlowSpeaker):
        async def stream(self, messages, model):
            nonlocal side_by_side
            side_by_side += 1
            try:
                await asyncio.sleep(0.1)
                async for word in super().stream(messages, model):
                    yield word
            finally:
                side_by_side -= 1

    portal.kb.answerer._model = lambda: Counting(meanwhile)
    again = f"/answers/{asked.json()['id']}/again"
    codes = [a.status_code for a in await asyncio.gather(*(nina.post(again) for _ in range(8)))]
    assert most == 1
    assert set(codes) == {303, 429}, codes
