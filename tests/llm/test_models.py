"""Real model servers: Ollama, and llama.cpp by its OpenAI-compatible side. And servers that fail,
stall or break off, which are small real servers too."""

import asyncio
import contextlib
import json
import re
import sqlite3

import httpx
import pytest

from kb.errors import ConfigurationError, ModelError
from kb.llm.ollama import Ollama
from kb.llm.openai_compatible import OpenAICompatible
from kb.settings import Llm
from tests.parts.processes import HANGING, Serving, free_port, kb, stop_engines

MESSAGES = [{"role": "user", "content": "Say hello."}]


async def words(model) -> str:
    try:
        name = (await model.identify()).name
        pieces = [piece async for piece in model.stream(MESSAGES, name)]
        return "".join(piece for piece in pieces if isinstance(piece, str))
    finally:
        await model.close()


@pytest.mark.real
async def test_ollama_streams(ollama):
    model = Ollama(Llm(url=ollama, answer_tokens=32, context_tokens=1024))
    found = await model.identify()
    assert await model.licence(found.name) == "Apache License"
    assert found.name == "smol:latest"
    assert len(found.digest) == 64
    assert len(await words(model)) > 3


@pytest.mark.real
async def test_ollama_without_the_wanted_model_says_how_to_get_it(ollama):
    with pytest.raises(ModelError, match="ollama pull other") as error:
        await words(Ollama(Llm(url=ollama, model="other")))
    assert error.value.code == "model_missing"


@pytest.mark.slow
@pytest.mark.real
async def test_a_prompt_that_ollama_would_cut_is_an_error(ollama):
    """Trap 11"""
    model = Ollama(Llm(url=ollama, context_tokens=512, answer_tokens=32))
    long = [{"role": "user", "content": "word " * 3000}]
    with pytest.raises(ModelError):
        _ = [p async for p in model.stream(long, "smol:latest")]
    await model.close()


@pytest.mark.real
async def test_llama_cpp_streams(llama_cpp):
    model = OpenAICompatible(Llm(provider="openai", url=llama_cpp, answer_tokens=32))
    assert (await model.identify()).name
    assert len(await words(model)) > 3


@pytest.mark.real
def test_a_real_question_gets_a_real_checked_answer(ollama, command, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "leave.txt").write_text("Every employee has 28 days of paid leave.")
    command("source", "add", "files", str(tmp_path / "files"))
    command("ingest")
    answer = command(
        "ask",
        "How many days of paid leave does every employee have?",
        env={
            "KB_LLM__PROVIDER": "ollama",
            "KB_LLM__URL": ollama,
            "KB_LLM__CONTEXT_TOKENS": "2048",
            "KB_LLM__ANSWER_TOKENS": "64",
        },
    )
    assert answer["model"] == "smol:latest"
    assert answer["mode"] in {"generated", "abstained"}
    for sentence in answer["sentences"]:
        if sentence["supported"]:
            assert sentence["citations"]


@pytest.mark.slow
@pytest.mark.real
def test_a_follow_up_is_written_out_or_carries_words_over(ollama, command, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "leave.txt").write_text(
        "Every employee has 28 days of paid leave.\n\nTrainees have 20 days of paid leave."
    )
    command("source", "add", "files", str(tmp_path / "files"))
    command("ingest")
    env = {
        "KB_LLM__PROVIDER": "ollama",
        "KB_LLM__URL": ollama,
        "KB_LLM__CONTEXT_TOKENS": "2048",
        "KB_LLM__ANSWER_TOKENS": "48",
    }
    question = "How many days of paid leave does every employee have?"
    first = command("ask", question, env=env)
    second = command("ask", "And trainees?", "--conversation", first["conversation"], env=env)
    assert second["conversation"] == first["conversation"]
    with sqlite3.connect(tmp_path / "data" / "catalog.sqlite3") as catalog:
        [(asked_as, digest)] = catalog.execute(
            "SELECT asked_as, model_digest FROM answers WHERE id = ?", (second["id"],)
        )
    assert asked_as not in (None, "And trainees?")
    said = f"{question} And trainees? many".casefold()
    invented = [w for w in re.findall(r"[a-z]{4,}", asked_as.casefold()) if w[:5] not in said]
    assert len(invented) <= 1
    if digest is not None:
        assert len(digest) == 64


# --- servers that behave badly


class Bad:
    """A small HTTP server that answers each path with what it was given."""

    def __init__(self, *, first: bytes = b"", stall: bool = False, lines: tuple[bytes, ...] = ()):
        self.lines, self.stall, self.first = lines, stall, first
        self.asked, self.closed = asyncio.Event(), asyncio.Event()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = "http://127.0.0.1:%d" % self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def _serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                ]
                if length:
                    await reader.readexactly(length[0])
                path = head.split(b" ")[1]
                if path in (b"/api/tags", b"/v1/models", b"/api/show"):
                    body = json.dumps(
                        {"models": [{"model": "m", "name": "m"}], "data": [{"id": "m"}]}
                    ).encode()
                    writer.write(
                        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                        b"content-length: %d\r\n\r\n%s" % (len(body), body)
                    )
                    await writer.drain()
                    continue
                writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                for line in self.lines:
                    writer.write(b"%x\r\n%s\r\n" % (len(line), line))
                    await writer.drain()
                self.asked.set()
                if self.stall:
                    with contextlib.suppress(ConnectionError):
                        await reader.read()
                    self.closed.set()
                else:
                    writer.write(b"0\r\n\r\n")
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.closed.set()
        finally:
            writer.close()


def chunk(text, done=False) -> bytes:
    return (
        json.dumps(
            {"model": "m", "message": {"role": "assistant", "content": text}, "done": done}
        ).encode()
        + b"\n"
    )


def data(text) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": {"content": text}}]}).encode() + b"\n\n"


SILENCE = 1.5
"""Seconds of it that a model is allowed here; each test sets the one limit that it is about."""
KINDS = [(Ollama, chunk), (OpenAICompatible, data)]


@pytest.mark.case("R14")
@pytest.mark.parametrize(("adapter", "line"), KINDS)
async def test_silence_before_the_first_token(adapter, line):
    async with Bad(stall=True) as bad:
        with pytest.raises(ModelError) as error:
            await words(adapter(Llm(url=bad.url, first_token_seconds=SILENCE)))
    assert error.value.code == "model_silent"


@pytest.mark.parametrize(("adapter", "line"), KINDS)
async def test_silence_between_tokens(adapter, line):
    async with Bad(lines=(line("Hello"),), stall=True) as bad:
        with pytest.raises(ModelError) as error:
            await words(adapter(Llm(url=bad.url, token_seconds=SILENCE)))
    assert error.value.code == "model_silent"


@pytest.mark.case("R16")
@pytest.mark.parametrize(("adapter", "line"), KINDS)
async def test_a_stream_without_its_end_is_not_an_answer(adapter, line):
    async with Bad(lines=(line("Hello"),)) as bad:
        with pytest.raises(ModelError) as error:
            await words(adapter(Llm(url=bad.url)))
    assert error.value.code == "model_cut_off"


@pytest.mark.case("R15")
@pytest.mark.parametrize(
    ("adapter", "lines"),
    [
        (Ollama, (chunk("Hello"), b'{"error":"out of memory"}\n')),
        (OpenAICompatible, (data("Hello"), b'data: {"error": "out of memory"}\n\n')),
    ],
)
async def test_an_error_in_the_stream_is_an_error(adapter, lines):
    async with Bad(lines=lines) as bad:
        with pytest.raises(ModelError, match="out of memory"):
            await words(adapter(Llm(url=bad.url)))


@pytest.mark.case("R18")
@pytest.mark.parametrize(("adapter", "line"), KINDS)
async def test_leaving_closes_the_stream_while_the_model_is_silent(adapter, line):
    """The model would never say anything more, nor end."""
    async with Bad(lines=(line("Hello"),), stall=True) as bad:
        model = adapter(Llm(url=bad.url))
        stream = model.stream(MESSAGES, "m")
        assert await anext(stream) == "Hello"
        await stream.aclose()
        await asyncio.wait_for(bad.closed.wait(), HANGING)
        await model.close()


@pytest.mark.parametrize("adapter", [Ollama, OpenAICompatible])
async def test_nobody_there(adapter):
    with pytest.raises(ModelError) as error:
        await words(adapter(Llm(url=f"http://127.0.0.1:{free_port()}")))
    assert error.value.code == "model_unavailable"


@pytest.mark.case("N18")
@pytest.mark.parametrize("url", ["http://[::1", "http://h:99999"])
@pytest.mark.parametrize(
    ("adapter", "code"), [(Ollama, "wrong_setting"), (OpenAICompatible, "model_unavailable")]
)
async def test_an_address_that_is_none(adapter, code, url):
    """It was a traceback; the setting is named."""
    with pytest.raises((ModelError, ConfigurationError)) as error:
        await words(adapter(Llm(url=url)))
    assert error.value.code == code
    assert "llm.url" in error.value.message


@pytest.mark.case("R18", "R19")
@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_a_client_that_leaves_frees_the_model(environment, tmp_path, accept):
    """Through the web service: the connection to a model that says no more closes."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "leave.txt").write_text("Every employee has 28 days of paid leave.")
    kb(environment, tmp_path, "source", "add", "files", str(files))
    kb(environment, tmp_path, "ingest")

    async def scenario():
        async with Bad(lines=(chunk("Hello"),), stall=True) as bad:
            env = environment | {"KB_LLM__PROVIDER": "ollama", "KB_LLM__URL": bad.url}
            server = await asyncio.to_thread(Serving, env, tmp_path)
            try:
                async with httpx.AsyncClient(trust_env=False, timeout=300) as client:
                    asking = asyncio.create_task(
                        client.post(
                            server.address + "/api/v1/ask",
                            json={"question": "How many days of paid leave?"},
                            headers={"Accept": accept},
                        )
                    )
                    await asyncio.wait_for(bad.asked.wait(), HANGING)
                    asking.cancel()
                await asyncio.wait_for(bad.closed.wait(), HANGING)
                assert bad.closed.is_set()
            finally:
                await asyncio.to_thread(server.stop)

    asyncio.run(scenario())
    stop_engines(tmp_path / "data")
