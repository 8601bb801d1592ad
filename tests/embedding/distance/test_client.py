"""A host for which others embed: the same vectors, in slices, from whoever is there."""

import asyncio
import contextlib
import ssl

import msgspec
import pytest

from kb.embedding.client import Embeddings, cosine
from kb.embedding.distance import client, host
from kb.embedding.distance.client import slices
from kb.engines import web_wire
from kb.errors import ConfigurationError, EngineError
from kb.surface import status
from tests.embedding.distance.strangers import STRANGERS, silent, stranger
from tests.parts import tiny
from tests.parts.certificates import certificate
from tests.parts.embedders import Lent, calling, far
from tests.parts.jobs import until
from tests.parts.processes import HANGING, free_port

TEXTS = [
    f"Pump {n} is oiled {'every Monday ' * (n % 7)}by the keeper of lock {n}." for n in range(20)
]
QUESTION = "Who oils the pumps?"


def alike(found: list[bytes], expected: list[bytes]) -> bool:
    """Texts that are computed beside others may differ in the last digits."""
    return len(found) == len(expected) and all(map(near, found, expected))


def near(left: bytes, right: bytes) -> bool:
    return cosine(left, right) > 0.9999


async def test_vectors_are_those_of_this_host(settings, monkeypatch):
    monkeypatch.setattr(client, "SLICE_TEXTS", 3)
    async with Lent(settings) as lent, calling(far(settings, lent.address)) as there:
        async with calling(settings) as here:
            assert alike(await there.passages(TEXTS, 1), await here.passages(TEXTS))
            assert alike(await there.questions(TEXTS), await here.questions(TEXTS))
            assert alike(await there.texts(TEXTS[:3]), await here.texts(TEXTS[:3]))
            assert await there.query(QUESTION) == await here.query(QUESTION)
            assert await there.scale() == await here.scale()
            assert await there.dimensions() == await here.dimensions()
            leaning = [await one.leaning(QUESTION, "en") for one in (there, here)]
            assert leaning[0] == pytest.approx(leaning[1], abs=1e-4)
            found, expected = [await one.matches(QUESTION, TEXTS[:2]) for one in (there, here)]
            assert [x for pair in found for x in pair] == pytest.approx(
                [x for pair in expected for x in pair], abs=1e-4
            )


async def test_bulk_work_goes_in_slices_of_which_few_are_under_way(settings, monkeypatch):
    monkeypatch.setattr(client, "SLICE_TEXTS", 2)
    async with Lent(settings) as lent, calling(far(settings, lent.address)) as there:
        await asyncio.gather(*(there.passages(TEXTS) for _ in range(3)))
        assert lent.app.calls == ["/embed_passages"] * 30
        assert lent.app.most == client.AT_ONCE


async def test_a_question_is_answered_while_bulk_work_goes_on(settings):
    many = [f"{text} {n} " * 8 for text in TEXTS for n in range(20)]
    async with Lent(settings) as lent, calling(far(settings, lent.address)) as there:
        reading = asyncio.create_task(there.passages(many))
        await until(lambda: lent.app.under_way == client.AT_ONCE, HANGING)
        asked = await there.query(QUESTION)
        assert not reading.done()
        assert list(asked.by) == [there.first.fingerprint]
        assert len(await reading) == len(many)


@pytest.mark.parametrize(
    ("texts", "parts"),
    [([], []), (["a"], [1]), (["a"] * 64, [64]), (["a"] * 65, [64, 1]),
     (["a" * 90_000] * 5, [2, 2, 1]), (["a", "b" * 300_000, "c"], [1, 1, 1])],
)  # fmt: skip
def test_slices_keep_the_order_and_the_bounds(texts, parts):
    cut = list(slices(texts))
    assert [len(part) for part in cut] == parts
    assert [text for part in cut for text in part] == texts


async def test_the_next_embedder_is_asked_where_one_is_away(settings):
    nobody = f"http://127.0.0.1:{free_port()}"
    async with Lent(settings) as lent, calling(far(settings, nobody, lent.address)) as there:
        assert alike(await there.texts(TEXTS[:1]), await lent.embeddings.texts(TEXTS[:1]))
        [first, second] = await there.hosts()
        assert (first.address, first.problem.reason) == (nobody, "away")
        assert (second.address, second.problem) == (lent.address, None)


async def test_one_that_was_away_a_moment_ago_is_asked_last_and_is_asked_again(settings):
    port = free_port()
    away = f"http://127.0.0.1:{port}"
    async with Lent(settings) as lent, calling(far(settings, away, lent.address)) as there:
        await there.query(QUESTION)
        async with Lent(settings, port=port) as back:
            await there.query(QUESTION)
            assert back.app.calls == []
            there.engine._hosts[0]._away_until = 1.0  # long ago
            await there.query(QUESTION)
            assert back.app.calls == ["/embed_query"]


async def test_where_no_other_is_there_one_that_was_away_is_asked_at_once(settings):
    port = free_port()
    async with calling(far(settings, f"http://127.0.0.1:{port}")) as there:
        with pytest.raises(EngineError):
            await there.query(QUESTION)
        async with Lent(settings, port=port):
            assert list((await there.query(QUESTION)).by) == [there.first.fingerprint]


async def test_none_is_there(settings):
    addresses = [f"http://127.0.0.1:{free_port()}" for _ in range(2)]
    async with calling(far(settings, *addresses)) as there:
        with pytest.raises(EngineError) as problem:
            await there.passages(TEXTS)
        assert all(address in problem.value.message for address in addresses)
        assert "kb embedder" in problem.value.message
        assert problem.value.detail["hosts"] == dict.fromkeys(addresses, "away")
        [computing] = await there.computing()
        assert (computing.runtime, computing.rate) == (None, None)


async def test_a_wrong_key_is_said_and_no_secret_with_it(settings):
    async with Lent(settings) as lent:
        async with calling(
            far(settings, lent.address, key="another-key-as-long-as-it-is")
        ) as there:
            with pytest.raises(ConfigurationError) as problem:
                await there.query(QUESTION)
        assert problem.value.code == "embedder_wrong_key"
        assert lent.address in problem.value.message
        assert "another-key" not in problem.value.message


async def test_an_embedder_of_other_models_is_never_used(settings, tmp_path):
    other = tiny.model(tmp_path / "tiny")
    embedding = msgspec.structs.replace(settings.embedding, model=str(other))
    engines = msgspec.structs.replace(settings.engines, embedder_dir="")
    theirs = msgspec.structs.replace(settings, embedding=embedding, engines=engines)
    async with Lent(theirs) as lent, calling(far(settings, lent.address)) as there:
        for call in (there.query(QUESTION), there.passages(TEXTS), there.describe()):
            with pytest.raises(ConfigurationError) as problem:
                await call
            assert problem.value.code == "embedder_other_models"
            mine, tinys = there.first, lent.embeddings.first
            for model in (mine, tinys):
                assert f"{model.files.name} ({model.fingerprint[:8]})" in problem.value.message
        async with Lent(settings) as right:
            async with calling(far(settings, lent.address, right.address)) as spared:
                assert list((await spared.query(QUESTION)).by) == [mine.fingerprint]


@pytest.mark.parametrize("kind", STRANGERS)
async def test_a_stranger_is_passed_over(settings, kind):
    async with stranger(STRANGERS[kind]) as address, Lent(settings) as lent:
        async with calling(far(settings, address, lent.address)) as there:
            assert alike(await there.passages(TEXTS), await lent.embeddings.passages(TEXTS))
            assert (await there.hosts())[0].problem.reason in {"away", "no_embedder"}
        async with calling(far(settings, address)) as there:
            with pytest.raises((EngineError, ConfigurationError), match=address):
                await there.query(QUESTION)


async def test_one_that_falls_silent_is_passed_over(settings, monkeypatch):
    """It takes connections and says nothing, as a process that is stopped, or a host that is gone.

    Another time no question waits for it.
    """
    monkeypatch.setattr(host, "WATCH_SECONDS", 0.1)
    heard = []

    async def hearing(reader, writer):
        heard.append((await reader.readline()).decode().split()[0])
        await silent(reader, writer)

    async with stranger(hearing) as address, Lent(settings) as lent:
        async with calling(far(settings, address, lent.address)) as there:
            first = there.engine._hosts[0]
            first._patience = 0.2
            assert list((await there.query(QUESTION)).by) == [there.first.fingerprint]
            assert heard == ["POST", "GET"]
            first._away_until = 1.0  # long ago
            assert list((await there.query(QUESTION)).by) == [there.first.fingerprint]
            assert heard == ["POST", "GET", "GET"]


async def test_one_that_is_slow_and_lives_is_waited_for(settings, monkeypatch):
    monkeypatch.setattr(host, "WATCH_SECONDS", 0.01)

    def slowly(app):
        async def answer(scope, receive, send):
            if scope["path"] != "/health":
                await asyncio.sleep(0.5)
            await app(scope, receive, send)

        return answer

    async with Lent(settings, around=slowly) as lent:
        async with calling(far(settings, lent.address)) as there:
            assert list((await there.query(QUESTION)).by) == [there.first.fingerprint]


async def test_what_takes_too_long_is_an_error_that_may_pass(settings):
    async with stranger(silent) as address, calling(far(settings, address)) as there:
        with pytest.raises(EngineError, match=address):
            await there.engine.call("describe", seconds=0.3)


async def test_by_tls_and_beneath_a_path(settings, tmp_path, monkeypatch):
    file = certificate(tmp_path / "certificate.pem")

    def beneath(app):
        async def answer(scope, receive, send):
            assert scope["path"].startswith("/embedder/")
            await app(scope | {"path": scope["path"].removeprefix("/embedder")}, receive, send)

        return answer

    async with Lent(settings, around=beneath, ssl_certfile=file, ssl_keyfile=file) as lent:
        address = f"https://localhost:{lent.port}/embedder/"
        async with calling(far(settings, address)) as there:
            monkeypatch.setattr(web_wire, "authorities", ssl.create_default_context)
            with pytest.raises(EngineError, match="(?i)certificate"):
                await there.query(QUESTION)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        async with calling(far(settings, address)) as there:
            assert list((await there.query(QUESTION)).by) == [there.first.fingerprint]


async def test_files_wait_while_no_embedder_is_there_and_are_read_then(settings, house, tmp_path):
    from kb.cli.ingesting import run_of
    from kb.knowledge_base import KnowledgeBase

    port = free_port()
    house.follow()
    house.write("lock.txt", "The lock keeper oils the pumps.")
    kb = KnowledgeBase(far(settings, f"http://127.0.0.1:{port}"))
    source = kb.sources.named("files")
    try:
        with contextlib.suppress(EngineError):
            await run_of(kb, source).run()
        assert not [r for r in house.ledger().values() if r.state not in {"waiting", "new"}]
        async with Lent(settings, port=port):
            assert (await run_of(kb, source).run()).indexed == 1
            assert await house.paths("lock keeper") == ["lock.txt"]
            told = await status.status(kb)
        assert [one["address"] for one in told["embedders"]] == [f"http://127.0.0.1:{port}"]
        assert told["embedders"][0]["reason"] is None
        away = await status.status(kb)
        assert (away["embedders"][0]["reason"], away["embedding_models"][0]["runtime"]) == (
            "away",
            None,
        )
    finally:
        await kb.close()


async def test_a_host_for_which_others_embed_measures_nothing(settings):
    there = Embeddings(far(settings, "http://127.0.0.1:1"))
    for call in (there.measure, there.optimise):
        with pytest.raises(ConfigurationError) as problem:
            await call()
        assert problem.value.code == "embedder_elsewhere"
