"""An embedder that is served to other hosts: who is answered, what is taken, and how much of it."""

import asyncio
import subprocess

import httpx
import msgspec
import pytest

from kb.embedding.distance import serving
from kb.embedding.distance.bounds import CallerBounds
from kb.embedding.distance.calls import BULK, CALLS
from kb.embedding.process import Embedder
from kb.engines.calling import EngineClient
from kb.errors import BusyError, PermanentError
from tests.embedding.distance.test_client import QUESTION, TEXTS
from tests.parts.embedders import KEY, Lent, calling, far
from tests.parts.jobs import until
from tests.parts.processes import HANGING, PLAIN

BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
async def lent(settings):
    async with Lent(settings) as made:
        yield made


@pytest.fixture
async def client(lent):
    async with httpx.AsyncClient(base_url=lent.address, timeout=HANGING, verify=PLAIN) as made:
        yield made


def packed(lent, **arguments) -> bytes:
    models = [one.fingerprint for one in lent.embeddings.models]
    return msgspec.msgpack.encode({"models": models, **arguments})


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": KEY}, {"Authorization": f"Bearer {KEY}x"}, {"Authorization": "Bearer"},
     {"Authorization": f"Basic {KEY}"}, {"X-Api-Key": KEY}],
)  # fmt: skip
async def test_who_brings_no_key_is_told_so_in_the_one_shape(lent, client, headers):
    body = packed(lent, text=QUESTION)
    refused = await client.post("/embed_query", content=body, headers=headers)
    assert refused.status_code == 401
    assert set(refused.json()) == {"error"}
    assert set(refused.json()["error"]) == {"code", "message", "detail"}
    assert refused.json()["error"]["code"] == "not_signed_in"
    taken = await client.post("/embed_query", content=body, headers=BEARER)
    assert set(msgspec.msgpack.decode(taken.content)) == {lent.embeddings.first.fingerprint}


async def test_without_a_key_in_the_settings_nobody_needs_one(settings):
    async with (
        Lent(settings, key="") as lent,
        calling(far(settings, lent.address, key="")) as there,
    ):
        assert list((await there.query(QUESTION)).by) == [there.first.fingerprint]


async def test_health_says_to_anybody_whether_it_is_ready_and_nothing_else(lent, client):
    before = await client.get("/health")
    assert (before.status_code, before.json()) == (503, {"status": "waiting"})
    keeping = asyncio.create_task(lent.service.keep_ready())
    async with asyncio.timeout(HANGING):
        while (now := await client.get("/health")).status_code != 200:
            await asyncio.sleep(0.05)
    keeping.cancel()
    assert now.json() == {"status": "ok"}
    assert {k for k in now.headers if k not in {"date", "server"}} == {
        "content-type", "content-length", "cache-control",
    }  # fmt: skip


def test_every_call_of_the_engine_is_told_apart():
    """What is added to the engine is not served to other hosts before somebody says so."""
    public = {name for name in vars(Embedder) if not name.startswith("_")}
    assert public == set(CALLS) | {"is_working", "close"}
    assert BULK < set(CALLS)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/leave"), ("POST", "/about"), ("POST", "/close"), ("POST", "/is_working"),
     ("POST", "/hosted"), ("POST", "/"), ("POST", "/describe/../leave"), ("GET", "/describe"),
     ("POST", "/health"), ("DELETE", "/describe"), ("POST", "/_vector")],
)  # fmt: skip
async def test_nothing_else_is_served(lent, client, method, path):
    answer = await client.request(method, path, headers=BEARER, content=packed(lent))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_such_call")
    described = await client.post("/describe", headers=BEARER, content=packed(lent))
    assert described.status_code == 200


@pytest.mark.parametrize(
    "arguments",
    [{}, {"text": 7}, {"text": "a", "seconds": 0}, {"text": "a", "call": "leave"},
     {"text": ["a"]}, {"texts": ["a"]}],
)  # fmt: skip
async def test_a_call_is_as_it_has_to_be(lent, client, arguments):
    answer = await client.post("/embed_query", headers=BEARER, content=packed(lent, **arguments))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")


@pytest.mark.parametrize("body", [b"", b"\xc1", b"{}", b"\x81\xa6models\xc0"])
async def test_what_is_no_call_at_all(client, body):
    answer = await client.post("/describe", headers=BEARER, content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")


async def test_a_call_that_is_too_large_is_refused_before_it_has_come(lent):
    """Its length alone is enough; nothing of it is read."""
    head = f"POST /describe HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", lent.port)
    writer.write(f"{head}content-length: {serving.LARGEST_CALL + 1}\r\n\r\n".encode())
    assert (await reader.readline()).split()[1] == b"413"
    writer.close()


async def test_a_call_that_does_not_say_how_large_it_is_is_read_up_to_the_bound(client):
    async def endless():
        for _ in range(2 * serving.LARGEST_CALL // 100_000):
            yield b"x" * 100_000

    answer = await client.post("/describe", headers=BEARER, content=endless())
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


async def test_who_is_not_known_gets_nothing_read(client):
    """A key is asked for before a byte of the body is taken."""
    answer = await client.post("/describe", content=b"\xc1" * (serving.LARGEST_CALL + 1))
    assert answer.status_code == 401


async def test_one_that_is_full_says_when_to_come_again(lent, client):
    lent.service._bulk = CallerBounds(most=0, each=8)
    model = lent.embeddings.first.fingerprint
    full = await client.post(
        "/embed_passages", headers=BEARER, content=packed(lent, model=model, texts=TEXTS)
    )
    assert (full.status_code, full.headers["retry-after"]) == (503, "1")
    assert full.json()["error"]["code"] == "busy"
    question = await client.post("/embed_query", headers=BEARER, content=packed(lent, text="a"))
    assert question.status_code == 200


async def test_work_for_one_that_is_full_goes_to_the_next_or_waits(settings, lent):
    lent.service._bulk = CallerBounds(most=0, each=8)
    async with Lent(settings) as other:
        async with calling(far(settings, lent.address, other.address)) as there:
            assert len(await there.passages(TEXTS)) == len(TEXTS)
            assert other.app.calls == ["/embed_passages"]
    async with calling(far(settings, lent.address)) as there:
        reading = asyncio.create_task(there.passages(TEXTS))
        await until(lambda: len(lent.app.calls) > 2, HANGING)
        assert not reading.done()
        lent.service._bulk = CallerBounds(most=8, each=8)
        assert len(await reading) == len(TEXTS)


def test_no_caller_takes_the_room_of_others():
    bounds = CallerBounds(most=3, each=2)
    with bounds.one("a"), bounds.one("a"):
        with pytest.raises(BusyError), bounds.one("a"):
            pass
        with bounds.one("b"), pytest.raises(BusyError), bounds.one("c"):
            pass
        with bounds.one("c"):
            assert set(bounds._under_way) == {"a", "c"}
    assert not bounds._under_way


async def test_an_embedder_whose_engine_cannot_start_is_passed_over(settings, monkeypatch, caplog):
    """It says why, to whoever asks and in its log; the next one embeds."""
    engines = msgspec.structs.replace(settings.engines, embedder_dir="", start_seconds=60.0)
    broken = msgspec.structs.replace(settings, engines=engines)
    monkeypatch.setattr(EngineClient, "_launch", lambda _: subprocess.Popen(["false"]))
    async with Lent(broken) as lent, Lent(settings) as other:
        async with calling(far(settings, lent.address, other.address)) as there:
            assert list((await there.query(QUESTION)).by) == [there.first.fingerprint]
            [standing, _] = await there.hosts()
            assert standing.problem.reason == "failing"
            assert "did not start" in standing.problem.about
    assert "did not start" in caplog.text


async def test_a_fault_of_the_engine_is_no_try_again(settings, lent, monkeypatch):
    """A call that fails wherever it is sent is not sent to every embedder."""
    async with Lent(settings) as other:
        async with calling(far(settings, lent.address, other.address)) as there:
            with pytest.raises(PermanentError) as problem:
                await there.engine.call("leaning", model="none", question="a", language="en")
            assert problem.value.code == "engine_failed"
            assert other.app.calls == []
