"""The way to the model through the program: no proxy, what is said of it, no silence."""

import asyncio
import contextlib
import json
import threading

import httpx
import pytest

from kb.llm.ollama import Ollama
from kb.llm.openai_compatible import OpenAICompatible
from kb.settings import Llm
from tests.parts.model_servers import GONE, MEMORY, Server, lines, model, ollama, refuses, send
from tests.parts.processes import HANGING, Serving, stop_engines


@pytest.fixture
def leave(command, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "leave.txt").write_text(
        "Every employee has 28 days of paid leave.\n\nTrainees have 20 days of paid leave."
    )
    command("source", "add", "files", str(tmp_path / "files"))
    command("ingest")
    return command


QUESTION = "How many days of paid leave does every employee have?"


def asks(url: str, **more: str) -> dict[str, str]:
    return {"KB_LLM__PROVIDER": "ollama", "KB_LLM__URL": url, **more}


@pytest.mark.case("N27")
def test_status_and_answer_say_what_is_wrong_with_the_model(leave):
    """A model that is installed and does not fit into memory."""
    with ollama(model("m"), chat=refuses(500, MEMORY)) as server:
        told = leave("status", env=asks(server.url))["language_model"]
        assert told["connected"] is False
        assert "memory" in told["reason"]
        answer = leave("ask", QUESTION, env=asks(server.url))
        assert answer["mode"] == "quotes"
        assert answer["notice"]["code"] == "model_out_of_memory"
    with ollama(model("m"), chat=refuses(404, GONE)) as server:
        answer = leave("ask", QUESTION, env=asks(server.url))
        assert answer["notice"]["code"] == "model_missing"
        assert "ollama pull m" in answer["notice"]["message"]
        assert "ollama pull m" in leave("status", env=asks(server.url))["language_model"]["reason"]
    with ollama(model("m")) as server:
        told = leave("status", env=asks(server.url))["language_model"]
        assert (told["connected"], told["model"], told["reason"]) == (True, "m", None)


@pytest.mark.slow
@pytest.mark.case("N27")
def test_no_client_takes_a_proxy_from_the_environment(leave):
    """Prompts and passages went to HTTP_PROXY, for 127.0.0.1 too."""
    with (
        Server(lambda h, *_: send(h, 502, b"")) as proxy,
        ollama(model("m"), chat=lambda h, _: lines(h, "They have 28 days [1].")) as server,
    ):
        names = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
        env = {n: proxy.url for n in names} | {n.upper(): proxy.url for n in names}
        env |= {"no_proxy": "", "NO_PROXY": ""}
        answer = leave("ask", QUESTION, env=asks(server.url) | env)
        assert answer["mode"] == "generated"
        status = leave("status", env=asks(server.url) | env)
        assert status["language_model"]["connected"]
        leave("check", env=env)
        assert server.chats()
        assert proxy.asked == []


@pytest.mark.case("N27")
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
async def test_the_adapters_ask_no_proxy(monkeypatch, variable):
    """Each client by itself, the Qdrant server's and the provider's among them."""
    from kb.index.server import connect
    from web.auth import provider

    def reply(handler, path, body):
        send(handler, 200, json.dumps({"data": [{"id": "m"}], "models": [model("m")]}).encode())

    with Server(lambda h, *_: send(h, 502, b"")) as proxy, Server(reply) as server:
        monkeypatch.setenv(variable, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        for adapter in (Ollama, OpenAICompatible):
            asked = adapter(Llm(url=server.url))
            await asked.identify()
            await asked.close()
        before = set(threading.enumerate())
        index = connect(server.url, "", "kb")
        with contextlib.suppress(Exception):  # it is no Qdrant; only the way to it counts
            await index._client.get_collections()
        with contextlib.suppress(Exception):
            await index.count("g1")
        await index.close()
        for one in set(threading.enumerate()) - before:
            if "_check" in one.name:  # a client's thread that asks the server's version
                one.join(HANGING)
        assert proxy.asked == []
        assert len(server.asked) >= 2
        assert provider.TIMEOUT_SECONDS > 0
        # The same server is reached by way of the proxy where a client does read the environment.
        httpx.get(server.url)
        assert proxy.asked


@pytest.mark.case("N27")
def test_a_model_that_loads_for_long_keeps_the_stream_alive():
    """A comment line where nothing else comes; here after a tenth of a second."""
    from web import streaming

    async def slowly():
        yield "event: a\n\n"
        await asyncio.sleep(1)
        yield "event: b\n\n"

    async def collect():
        return [e async for e in streaming.kept_alive(slowly(), 0.1)]

    got = asyncio.run(collect())
    assert got[0] == "event: a\n\n" and got[-1] == "event: b\n\n"
    assert got[1:-1] and set(got[1:-1]) == {streaming.COMMENT}
    assert streaming.COMMENT.startswith(":") and streaming.COMMENT.endswith("\n\n")


@pytest.mark.slow
@pytest.mark.case("N27")
def test_a_comment_comes_over_http_while_the_model_is_silent(environment, leave, tmp_path):
    """15 s and a half of silence, as nginx sees it."""

    def answer(handler, _):
        return lines(handler, "They have 28 days [1].", pause=17)

    with ollama(model("m"), chat=answer) as ollama_server:
        server = Serving(environment | asks(ollama_server.url), tmp_path)
        try:
            response = httpx.post(
                server.address + "/api/v1/ask",
                json={"question": QUESTION},
                headers={"Accept": "text/event-stream"},
                timeout=300,
                trust_env=False,
            )
        finally:
            server.stop()
            stop_engines(tmp_path / "data")
    blocks = response.text.split("\n\n")
    assert any(block.startswith(":") for block in blocks)
    assert any(block.startswith("event: done") for block in blocks)


@pytest.mark.case("N27")
def test_a_follow_up_has_its_passages_at_once(environment, leave, tmp_path):
    """The model writes the follow-up out once its passages are there: did they wait, both would."""
    shown, written_out = threading.Event(), []

    def reply(handler, path, body):
        if path == "/api/tags":
            return send(handler, 200, json.dumps({"models": [model("m")]}).encode())
        if path == "/api/show":
            return send(handler, 200, b"{}")
        if "Last question:" in body["messages"][-1]["content"]:
            written_out.append(shown.wait(HANGING))
            return lines(handler, "How many days do trainees have?")
        return lines(handler, "They have 20 days [1].")

    with Server(reply) as ollama_server:
        env = asks(ollama_server.url, KB_LLM__REWRITE_SECONDS=str(2 * HANGING))
        server = Serving(environment | env, tmp_path)
        try:
            with httpx.Client(base_url=server.address, timeout=300, trust_env=False) as web:
                first = web.post(
                    "/api/v1/ask",
                    json={"question": QUESTION},
                    headers={"Accept": "application/json"},
                ).json()
                body = {"question": "And trainees?", "conversation": first["conversation"]}
                told = []
                with web.stream("POST", "/api/v1/ask", json=body) as stream:
                    for line in stream.iter_lines():
                        if line == "event: passages":
                            shown.set()
                        if line.startswith("event: "):
                            told.append(line)
        finally:
            shown.set()
            server.stop()
            stop_engines(tmp_path / "data")
    assert written_out == [True], "the passages waited for the writing out"
    assert told[0] == "event: passages"
    assert told[-1] == "event: done"


@pytest.mark.case("N27")
def test_a_real_follow_up_over_two_rounds(leave):
    """What the model writes out is searched for."""

    def reply(handler, path, body):
        if path == "/api/tags":
            return send(handler, 200, json.dumps({"models": [model("m")]}).encode())
        if path == "/api/show":
            return send(handler, 200, b"{}")
        if "Last question:" in body["messages"][-1]["content"]:
            return lines(handler, "How many days of paid leave does trainees have?")
        return lines(handler, "Trainees have 20 days of paid leave [1].")

    with Server(reply) as server:
        first = leave("ask", QUESTION, env=asks(server.url))
        args = ("ask", "And trainees?", "--conversation", first["conversation"])
        second = leave(*args, env=asks(server.url))
        prompts = [b["messages"][-1]["content"] for b in server.chats()]
    assert "20 days" in second["answer"]
    assert any("How many days of paid leave does trainees have?" in p for p in prompts)
