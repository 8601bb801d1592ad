"""Which model is asked, by which way, and what is said where it goes wrong. Servers that speak
Ollama's and OpenAI's protocols and misbehave; a proxy that notes what passes."""

import asyncio
import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from kb import settings as settings_module
from kb.errors import ModelError
from kb.llm.base import Identity
from kb.llm.chatting import chat
from kb.llm.ollama import Ollama
from kb.llm.openai_compatible import OpenAICompatible
from kb.settings import Llm
from tests.parts.processes import HANGING, Serving, stop_engines

MESSAGES = [{"role": "user", "content": "Say hello."}]
HTML = b"<html><body>Please sign in</body></html>"


class Server:
    """A server in a thread; ``asked`` are its requests: path, and body where it was JSON."""

    def __init__(self, reply):
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with contextlib.suppress(ValueError):
                    body = json.loads(body or b"{}")
                server.asked.append((self.path, body))
                with contextlib.suppress(ConnectionError):
                    reply(self, self.path, body)

            do_GET = do_POST = do_CONNECT = do_PUT = _answer

        self.asked = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()

    def chats(self) -> list[dict]:
        return [body for path, body in self.asked if path in ("/api/chat", "/v1/chat/completions")]


def send(handler, status: int, body: bytes, kind: str = "application/json") -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def lines(handler, *parts: str, pause: float = 0) -> None:
    """An answer in Ollama's way, after a pause in seconds."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/x-ndjson")
    handler.send_header("Connection", "close")
    handler.end_headers()
    time.sleep(pause)
    for text in (*parts, ""):
        said = {"role": "assistant", "content": text}
        part = {"model": "m", "message": said, "done": not text}
        handler.wfile.write(json.dumps(part).encode() + b"\n")
        handler.wfile.flush()
    handler.close_connection = True


def model(name: str, family: str = "llama", **more) -> dict:
    details = {"family": family, "families": [family]}
    return {"name": name, "model": name, "digest": "a" * 64, "details": details, **more}


def ollama(*models: dict, chat=None, show=None, tags=None):
    """Ollama's three calls. ``chat``: what answers a model; ``show``: by name."""

    def reply(handler, path, body):
        if path == "/api/tags":
            if tags is not None:
                return tags(handler)
            return send(handler, 200, json.dumps({"models": list(models)}).encode())
        if path == "/api/show":
            return send(handler, 200, json.dumps((show or {}).get(body["model"], {})).encode())
        return (chat or (lambda h, _: lines(h, "Hello.")))(handler, body["model"])

    return Server(reply)


def refuses(status: int, text: bytes, kind: str = "application/json"):
    return lambda handler, _: send(handler, status, text, kind)


async def identified(url: str, **settings) -> str:
    adapter = Ollama(Llm(url=url, **settings))
    try:
        return (await adapter.identify()).name
    finally:
        await adapter.close()


async def said(adapter) -> tuple[str, str]:
    """Who answered, and what."""
    try:
        pieces = [p async for p in chat(adapter, MESSAGES)]
    finally:
        await adapter.close()
    names = [p.name for p in pieces if isinstance(p, Identity)]
    return names[-1], "".join(p for p in pieces if isinstance(p, str))


# --- which model


FIRST = [
    model("gpt-oss:120b-cloud"),
    model("kimi-k2:cloud"),
    model("looks-local", remote_host="https://ollama.com:443", remote_model="gpt-oss:120b"),
    model("nomic-embed-text:latest", "nomic-bert"),
    model("qwen3-embedding:0.6b", "qwen3"),
    model("embeddinggemma:300m", "gemma3"),
    model("bge-m3:latest", "bert"),
]


@pytest.mark.case("N26")
async def test_a_model_elsewhere_or_for_vectors_is_never_taken_by_itself():
    """Ollama lists by date; cloud and embedding models come first here."""
    with ollama(*FIRST, model("mistral:7b")) as server:
        assert await identified(server.url) == "mistral:7b"
    with ollama(*FIRST) as server:
        with pytest.raises(ModelError, match="gpt-oss:120b-cloud") as error:
            await identified(server.url)
        assert error.value.code == "model_missing"
        assert not server.chats()


@pytest.mark.case("N26")
async def test_what_ollama_shows_of_a_model_counts_too():
    """Neither its name nor its family says so, only /api/show."""
    show = {
        "vectors:1b": {"capabilities": ["embedding"]},
        "far:1b": {"capabilities": ["completion"], "remote_host": "https://ollama.com:443"},
        "near:1b": {"capabilities": ["completion", "tools"]},
    }
    with ollama(*(model(n) for n in show), show=show) as server:
        assert await identified(server.url) == "near:1b"


@pytest.mark.case("N26")
@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "looks-local"])
async def test_a_configured_cloud_model_is_used_only_where_it_is_allowed_by_name(name):
    with ollama(*FIRST) as server:
        with pytest.raises(ModelError, match="cloud_models") as error:
            await identified(server.url, model=name)
        assert error.value.code == "model_not_allowed"
        with pytest.raises(ModelError):
            await identified(server.url, model=name, cloud_models=("another-cloud",))
        assert await identified(server.url, model=name, cloud_models=(name,)) == name


@pytest.mark.case("N26")
async def test_an_openai_server_that_lists_a_cloud_model_first():
    def reply(handler, path, body):
        names = ["gpt-oss:120b-cloud", "text-embedding-3", "local-model"]
        send(handler, 200, json.dumps({"data": [{"id": n} for n in names]}).encode())

    with Server(reply) as server:
        adapter = OpenAICompatible(Llm(provider="openai", url=server.url))
        assert (await adapter.identify()).name == "local-model"
        await adapter.close()
        named = OpenAICompatible(Llm(provider="openai", url=server.url, model="gpt-oss:120b-cloud"))
        with pytest.raises(ModelError) as error:
            await named.identify()
        assert error.value.code == "model_not_allowed"
        await named.close()


@pytest.mark.case("N27")
async def test_a_model_that_does_not_chat_gives_way_to_the_next():
    def answer(handler, name):
        if name == "strange:1b":
            return send(handler, 400, b'{"error":"\\"strange:1b\\" does not support chat"}')
        return lines(handler, "Hello.")

    with ollama(model("strange:1b"), model("mistral:7b"), chat=answer) as server:
        assert await said(Ollama(Llm(url=server.url))) == ("mistral:7b", "Hello.")
        with pytest.raises(ModelError) as error:
            await said(Ollama(Llm(url=server.url, model="strange:1b")))
    assert error.value.code == "model_cannot_chat"


# --- what went wrong


MEMORY = b'{"error":"model requires more system memory (9.9 GiB) than is available (4.1 GiB)"}'
GONE = b'{"error":"model \\"m\\" not found, try pulling it first"}'
WRONG = [
    ("model_out_of_memory", "smaller model", refuses(500, MEMORY)),
    ("model_missing", "ollama pull m", refuses(404, GONE)),
    ("model_busy", "busy", refuses(503, b'{"error":"server busy, please try again."}')),
    ("model_not_allowed", "api_key", refuses(401, b'{"error":"unauthorized"}')),
    ("model_cannot_chat", "does not chat", refuses(400, b'{"error":"m does not support chat"}')),
    (
        "model_cannot_chat",
        "does not chat",
        refuses(400, b"%s m does not support chat" % (b"trace " * 99)),
    ),
    ("model_not_json", "web page", refuses(200, HTML, "text/html")),
    ("model_not_json", "web page", refuses(302, HTML, "text/html")),
    ("model_unavailable", "502", refuses(502, b"<h1>502 Bad Gateway</h1>", "text/html")),
    ("model_failed", "strange", refuses(500, b'{"error":"something strange"}')),
]
ADAPTERS = [Ollama, OpenAICompatible]


@pytest.mark.case("N27")
@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize(("code", "words", "answer"), WRONG)
async def test_what_went_wrong_is_told_by_kind(adapter, code, words, answer):
    """Memory, missing with the command, busy, not let in, a page to sign in, a gateway."""

    def reply(handler, path, body):
        if path in ("/api/tags", "/v1/models"):
            listed = {"models": [model("m")], "data": [{"id": "m"}]}
            return send(handler, 200, json.dumps(listed).encode())
        return answer(handler, body["model"]) if "chat" in path else send(handler, 200, b"{}")

    with Server(reply) as server, pytest.raises(ModelError, match=words) as error:
        await said(adapter(Llm(url=server.url, model="m")))
    assert error.value.code == code


@pytest.mark.case("N27")
@pytest.mark.parametrize("adapter", ADAPTERS)
async def test_a_page_to_sign_in_in_place_of_the_list(adapter):
    """It ended in a traceback."""
    with Server(lambda h, *_: send(h, 200, HTML, "text/html")) as server:
        with pytest.raises(ModelError) as error:
            await said(adapter(Llm(url=server.url)))
    assert error.value.code == "model_not_json"


@pytest.mark.case("N27")
@pytest.mark.parametrize("event", [b'{"choices": ["Hello."]}', b'{"choices": [{"delta": "Hi"}]}'])
async def test_json_of_another_shape_is_no_model_server(event):
    """It ended in a traceback."""

    def reply(handler, path, body):
        listed = b'{"data": [{"id": "m"}]}'
        return send(handler, 200, listed if path == "/v1/models" else b"data: " + event + b"\n\n")

    with Server(reply) as server, pytest.raises(ModelError) as error:
        await said(OpenAICompatible(Llm(provider="openai", url=server.url)))
    assert error.value.code == "model_not_json"


@pytest.mark.case("N27")
@pytest.mark.parametrize("adapter", ADAPTERS)
async def test_memory_that_ends_in_the_middle_is_told_as_that(adapter):
    """HTTP says 200, the stream says otherwise."""

    def reply(handler, path, body):
        if path in ("/api/tags", "/v1/models"):
            listed = {"models": [model("m")], "data": [{"id": "m"}]}
            return send(handler, 200, json.dumps(listed).encode())
        if path == "/api/chat":
            return send(handler, 200, b'{"error":"CUDA error: out of memory"}\n')
        said = b'data: {"error":{"message":"CUDA error: out of memory"}}\n\n'
        return send(handler, 200, said, "text/event-stream")

    with Server(reply) as server, pytest.raises(ModelError) as error:
        await said(adapter(Llm(url=server.url, model="m")))
    assert error.value.code == "model_out_of_memory"


# --- through the program


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
        index = connect(server.url, "", "kb")
        with contextlib.suppress(Exception):  # it is no Qdrant; only the way to it counts
            await index._client.get_collections()
        with contextlib.suppress(Exception):
            await index.count("g1")
        await index.close()
        time.sleep(0.5)  # what asks in threads of its own
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


@pytest.mark.case("N26")
def test_settings_name_cloud_models_as_a_list():
    loaded = settings_module.load({}, {"KB_LLM__CLOUD_MODELS": "a-cloud,b:cloud"})
    assert loaded.llm.cloud_models == ("a-cloud", "b:cloud")


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


# --- the window of a server of OpenAI's protocol

TOO_LONG = [
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (2300 in the messages, "
    "2700 in the completion). Please reduce the length of the messages or completion.",
    "'max_tokens' or 'max_completion_tokens' is too large: 2700. This model's maximum context length is 4096 tokens and "
    "your request has 2300 input tokens (2700 > 4096 - 2300).",
    "the request exceeds the available context size, try increasing it",
]  # fmt: skip


def in_a_window(listed: dict, refusal: str = "") -> Server:
    def reply(handler, path, body):
        if path == "/v1/models":
            return send(handler, 200, json.dumps({"data": [{"id": "m", **listed}]}).encode())
        if refusal:
            return send(handler, 400, json.dumps({"message": refusal, "code": 400}).encode())
        event = json.dumps({"choices": [{"delta": {"content": "Yes."}, "finish_reason": "stop"}]})
        return send(
            handler, 200, f"data: {event}\n\ndata: [DONE]\n\n".encode(), "text/event-stream"
        )

    return Server(reply)


@pytest.mark.parametrize(
    "listed",
    [{"max_model_len": 4096}, {"meta": {"n_ctx": 4096}}, {"max_model_len": None}, {"meta": None}],
)
async def test_an_answer_is_given_no_more_tokens_than_the_servers_window_has(listed):
    """Report: 2,700 were asked for beside a prompt of 2,300 in a window of 4,096, and refused."""
    asked = [{"role": "user", "content": "Is it? " * 700}]
    with in_a_window(listed) as server:
        adapter = OpenAICompatible(Llm(provider="openai", url=server.url))
        assert [p async for p in chat(adapter, asked)][1:] == ["Yes."]
        await adapter.close()
        most = server.chats()[0]["max_tokens"]
    if any(isinstance(v, (int, dict)) for v in listed.values()):
        assert 700 <= most <= 4096 - len(asked[0]["content"]) / 4
    else:
        assert most == 2700


async def test_a_prompt_that_cannot_fit_is_not_sent():
    with in_a_window({"max_model_len": 512}) as server:
        adapter = OpenAICompatible(Llm(provider="openai", url=server.url))
        with pytest.raises(ModelError) as error:
            _ = [p async for p in chat(adapter, [{"role": "user", "content": "Is it? " * 3_000}])]
        await adapter.close()
        assert server.chats() == []
    assert error.value.code == "model_prompt_cut"
    assert "llm.context_tokens to 512" in str(error.value)


@pytest.mark.parametrize("refusal", TOO_LONG)
async def test_a_window_that_is_too_small_is_told_with_what_to_do(refusal):
    with in_a_window({}, refusal) as server:
        adapter = OpenAICompatible(Llm(provider="openai", url=server.url))
        with pytest.raises(ModelError) as error:
            _ = [p async for p in chat(adapter, MESSAGES)]
        await adapter.close()
    assert error.value.code == "model_prompt_cut"
    assert "llm.context_tokens" in str(error.value)
    assert error.value.detail["window"] == (4096 if "4096" in refusal else None)
